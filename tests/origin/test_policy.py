"""Which policy holds for which picture: the first that says something, setting by setting."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.policy import TIERS, Policies, Policy, Rule

NONE: frozenset[str] = frozenset()
SHOP = Rule(Policy(ttl=60, tags=("shop",)), prefix="s3://shop/")


def test_without_rules_nothing_is_set() -> None:
    assert Policies().effective("s3://shop/cat.jpg", NONE) == Policy()


@pytest.mark.parametrize(
    ("rule", "source", "presets", "matches"),
    [
        (Rule(Policy(ttl=1)), "s3://shop/cat.jpg", (), True),
        (Rule(Policy(ttl=1), prefix="s3://shop/"), "s3://shop/cat.jpg", (), True),
        (Rule(Policy(ttl=1), prefix="s3://shop/"), "s3://shop2/cat.jpg", (), False),
        (Rule(Policy(ttl=1), prefix="s3://shop/th"), "s3://shop/thumbs/cat.jpg", (), True),
        (Rule(Policy(ttl=1), prefix="s3://shop/"), "s3://shop/cat.jpg?v1", (), True),
        (Rule(Policy(ttl=1), prefix="s3://"), "local:///cat.jpg", (), False),
        (Rule(Policy(ttl=1), preset="thumb"), "local:///cat.jpg", ("thumb", "x"), True),
        (Rule(Policy(ttl=1), preset="thumb"), "local:///cat.jpg", ("x",), False),
        (Rule(Policy(ttl=1), preset="thumb"), "local:///cat.jpg", (), False),
        (Rule(Policy(ttl=1), "local:///a/", "thumb"), "local:///a/cat.jpg", ("thumb",), True),
        (Rule(Policy(ttl=1), "local:///a/", "thumb"), "local:///a/cat.jpg", (), False),
        (Rule(Policy(ttl=1), "local:///a/", "thumb"), "local:///b/cat.jpg", ("thumb",), False),
    ],
)
def test_prefix_and_preset_must_both_hold_if_given(
    rule: Rule, source: str, presets: tuple[str, ...], matches: bool
) -> None:
    policy = Policies((rule,)).effective(source, frozenset(presets))

    assert policy == (rule.policy if matches else Policy())


@pytest.mark.parametrize(
    "spelling", ["S3://shop/cat.jpg", "s3://shop//cat.jpg", "s3://shop///cat.jpg?v1"]
)
def test_no_spelling_of_a_source_gets_past_its_policy(spelling: str) -> None:
    assert Policies((SHOP,)).effective(spelling, NONE) == SHOP.policy


@pytest.mark.parametrize("source", ["", "cat.jpg", "s3://shop/../cat.jpg", "s3://shop/\ncat.jpg"])
def test_what_is_no_reference_is_below_no_prefix(source: str) -> None:
    everywhere = Rule(Policy(ttl=5))

    assert Policies((SHOP, everywhere)).effective(source, NONE) == Policy(ttl=5)


def test_each_setting_comes_from_the_first_rule_that_sets_it() -> None:
    policies = Policies(
        (
            Rule(Policy(results=frozenset({"memory"}), tags=("thumbs",)), preset="thumb"),
            Rule(Policy(source_cache_control=False), prefix="s3://blog/"),
            SHOP,
            Rule(
                Policy(
                    results=frozenset(TIERS),
                    ttl=3600,
                    keep=86400.0,
                    tags=("shop", "all"),
                    source_cache_control=True,
                    min_ttl=1,
                    max_ttl=2,
                )
            ),
        )
    )

    policy = policies.effective("s3://shop/cat.jpg", frozenset({"thumb"}))

    assert policy == Policy(
        results=frozenset({"memory"}),
        ttl=60,
        keep=86400.0,
        tags=("thumbs", "shop", "all"),
        source_cache_control=True,
        min_ttl=1,
        max_ttl=2,
    )


def test_nothing_no_and_zero_are_settings_too() -> None:
    specific = Policy(results=frozenset(), ttl=0, source_cache_control=False, min_ttl=0)
    general = Policy(
        results=frozenset(TIERS), ttl=1, source_cache_control=True, min_ttl=1, max_ttl=5
    )

    policy = Policies((Rule(specific), Rule(general))).effective("s3://shop/cat.jpg", NONE)

    assert policy == Policy(
        results=frozenset(), ttl=0, source_cache_control=False, min_ttl=0, max_ttl=5
    )


@pytest.mark.parametrize(
    ("policy", "cache_control", "expected"),
    [
        (Policy(), "max-age=60", 1000),
        (Policy(ttl=50), "max-age=60", 50),
        (Policy(ttl=0), None, 0),
        (Policy(source_cache_control=False, max_ttl=5), "max-age=60", 1000),
        (Policy(source_cache_control=True), "max-age=60", 60),
        (Policy(source_cache_control=True), None, 1000),
        (Policy(source_cache_control=True, ttl=50), None, 50),
        (Policy(source_cache_control=True, ttl=50, max_ttl=40), None, 40),
        (Policy(source_cache_control=True, min_ttl=70), "max-age=60", 70),
        (Policy(source_cache_control=True, min_ttl=70), "no-store", 70),
    ],
)
def test_the_source_decides_the_lifetime_only_where_it_may(
    policy: Policy, cache_control: str | None, expected: int
) -> None:
    assert policy.max_age(cache_control, default=1000) == expected


def test_the_most_tags_of_a_url_are_those_of_nested_prefixes() -> None:
    def tagged(prefix: str, *tags: str, preset: str | None = None) -> Rule:
        return Rule(Policy(tags=tags), prefix, preset)

    policies = Policies(
        (
            tagged("s3://shop/thumbs/", "a", "b"),
            tagged("s3://shop/", "b", "c", preset="thumb"),
            tagged("s3://blog/", "d", "e"),
            tagged("", "f"),
        )
    )

    assert policies.most_tags() == 4
    assert Policies().most_tags() == 0


SOURCES = st.sampled_from(["s3://a/b/c.jpg", "s3://a/c.jpg", "s3://b/c.jpg", "local:///c.jpg"])
PRESETS = st.frozensets(st.sampled_from("pq"))
TAGS = st.lists(st.sampled_from("xyz"), max_size=2).map(tuple)
RULES = st.builds(
    Rule,
    st.builds(
        Policy,
        results=st.none() | st.frozensets(st.sampled_from(TIERS)),
        ttl=st.none() | st.integers(0, 3),
        keep=st.none() | st.floats(1, 3),
        tags=TAGS,
        source_cache_control=st.none() | st.booleans(),
        min_ttl=st.none() | st.integers(0, 3),
        max_ttl=st.none() | st.integers(0, 3),
    ),
    prefix=st.sampled_from(["", "s3://", "s3://a/", "s3://a/b/", "local:///"]),
    preset=st.none() | st.sampled_from("pq"),
)


@given(rules=st.lists(RULES, max_size=6), source=SOURCES, presets=PRESETS)
def test_the_cascade_is_what_asking_one_by_one_gives(
    rules: list[Rule], source: str, presets: frozenset[str]
) -> None:
    expected: dict[str, object] = {field.name: None for field in fields(Policy)}
    expected["tags"] = ()
    for rule in reversed(rules):
        if source.startswith(rule.prefix) and rule.preset in {None, *presets}:
            for field in fields(Policy):
                value = getattr(rule.policy, field.name)
                if field.name == "tags":
                    value = tuple(dict.fromkeys((*value, *expected["tags"])))  # type: ignore[misc]
                if value is not None:
                    expected[field.name] = value

    policies = Policies(tuple(rules))
    policy = policies.effective(source, presets)

    assert {field.name: getattr(policy, field.name) for field in fields(Policy)} == expected
    assert len(policy.tags) <= policies.most_tags()
