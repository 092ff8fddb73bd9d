"""Generations: whatever was purged stays purged, however many purges there are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.purges import Purge, Purges, Scope

CAT = "s3://shop/summer/cat.jpg"
DOG = "s3://shop/winter/dog.jpg"

NAMES = st.text("abc", max_size=4)
PURGES = st.builds(Purge, st.sampled_from(("source", "prefix", "tag")), NAMES, st.integers(1, 40))
SEQUENCES = st.lists(PURGES, max_size=60)


def small() -> Purges:
    return Purges(most_sources=4, most_prefixes=3, most_tags=3)


def covers(purge: Purge, reference: str) -> bool:
    match purge.scope:
        case "source":
            return purge.name == reference
        case "prefix":
            return reference.startswith(purge.name)
        case "tag":
            return False


def test_a_source_was_never_purged() -> None:
    purges = Purges()

    assert purges.of_source(CAT) == purges.of_tags(["cats"]) == purges.of_tags([]) == 0
    assert list(purges.all()) == []


@pytest.mark.parametrize(
    ("scope", "name", "covered"),
    [
        ("source", CAT, True),
        ("source", CAT[:-1], False),
        ("source", "", False),
        ("prefix", CAT, True),
        ("prefix", "s3://shop/summer/", True),
        ("prefix", "s3://shop/sum", True),
        ("prefix", "s3://shop/winter/", False),
        ("prefix", CAT + "g", False),
        ("prefix", "", True),
        ("tag", CAT, False),
    ],
)
def test_a_purge_covers_a_source(scope: Scope, name: str, covered: bool) -> None:
    purges = Purges()

    assert purges.apply(Purge(scope, name, 7))

    assert purges.of_source(CAT) == (7 if covered else 0)


def test_the_latest_purge_counts_in_whatever_order_they_come() -> None:
    purges = Purges()
    for scope, at in (("source", 5), ("prefix", 9), ("source", 7)):
        purges.apply(Purge(scope, CAT, at))  # type: ignore[arg-type]

    assert purges.of_source(CAT) == 9


def test_tags_are_purged_by_any_of_them() -> None:
    purges = Purges()
    purges.apply(Purge("tag", "cats", 5))
    purges.apply(Purge("tag", "dogs", 7))

    assert purges.of_tags(["birds", "cats"]) == 5
    assert purges.of_tags(tag for tag in ("dogs", "cats")) == 7
    assert purges.of_tags(["birds"]) == 0


def test_news_are_told_from_what_is_known() -> None:
    purges = Purges()

    assert purges.apply(Purge("prefix", "s3://shop/", 5))
    assert purges.version == 1
    for purge in (
        Purge("prefix", "s3://shop/", 5),
        Purge("prefix", "s3://shop/summer/", 4),
        Purge("source", CAT, 5),
        Purge("tag", "cats", 0),
    ):
        assert not purges.apply(purge)
    assert purges.version == 1
    assert purges.apply(Purge("source", CAT, 6))
    assert purges.version == 2


def test_a_new_purge_is_later_than_those_of_a_fast_clock() -> None:
    purges = Purges()
    purges.apply(Purge("source", CAT, 5_000))

    assert purges.next_at(7.5) == 7_500
    assert purges.next_at(5.0) == purges.next_at(1.0) == 5_001


def test_a_hashed_source_that_is_known_more_coarsely_is_no_news() -> None:
    purges = Purges()
    purges.apply(Purge("source", "#1234", 5))

    assert not purges.apply(Purge("source", "#abcdefabcdef1234", 5))
    assert purges.apply(Purge("source", "#abcdefabcdef1235", 5))


def test_any_text_may_be_purged() -> None:
    purges = Purges()
    for name in ("\udcff", "", "#", "é" * 10_000):
        purges.apply(Purge("source", name, 3))

        assert purges.of_source(name) == 3


def test_too_many_sources_are_remembered_more_coarsely() -> None:
    purges = Purges(most_sources=1000)
    for number in range(10_000):
        purges.apply(Purge("source", f"s3://shop/{number}", number + 1))

    records = list(purges.all())
    assert len([purge for purge in records if len(purge.name) > 5]) <= 1000
    assert len(records) <= 1000 + 65_536
    assert all(purges.of_source(f"s3://shop/{number}") > number for number in range(10_000))
    innocent = [purges.of_source(f"s3://other/{number}") > 0 for number in range(1000)]
    assert sum(innocent) < 300


@pytest.mark.parametrize(("scope", "of"), [("prefix", "source"), ("tag", "tag")])
def test_too_many_names_count_as_a_purge_of_everything(
    scope: Scope, of: str, caplog: pytest.LogCaptureFixture
) -> None:
    purges = Purges()
    for number in range(1001):
        purges.apply(Purge(scope, f"{number}/", number + 1))

    def generation(name: str) -> int:
        return purges.of_source(name) if of == "source" else purges.of_tags([name])

    assert generation("other") == 501
    assert generation("1000/") == 1001
    assert len(list(purges.all())) == 501
    assert "1001" in caplog.text
    assert purges.of_tags([]) == 0


@given(SEQUENCES, st.lists(NAMES, min_size=1))
def test_nothing_that_was_purged_comes_back(sequence: list[Purge], references: list[str]) -> None:
    purges = small()
    for done, purge in enumerate(sequence, 1):
        before = [purges.of_source(reference) for reference in references]
        version, news = purges.version, purges.apply(purge)
        assert purges.version == version + news

        for reference, earlier in zip(references, before, strict=True):
            latest = max((p.at for p in sequence[:done] if covers(p, reference)), default=0)
            assert purges.of_source(reference) >= max(latest, earlier)
            assert news or purges.of_source(reference) == earlier
            tags = [p.at for p in sequence[:done] if (p.scope, p.name) == ("tag", reference)]
            assert purges.of_tags([reference, "other"]) >= max(tags, default=0)


@given(SEQUENCES, NAMES)
def test_without_too_many_purges_generations_are_exact(
    sequence: list[Purge], reference: str
) -> None:
    purges = Purges()
    for purge in sequence:
        purges.apply(purge)

    latest = max((purge.at for purge in sequence if covers(purge, reference)), default=0)
    assert purges.of_source(reference) == latest


@given(SEQUENCES)
@settings(max_examples=50)
def test_what_is_saved_is_all_that_is_known(sequence: list[Purge]) -> None:
    purges, again, bounded = small(), Purges(), small()
    for purge in sequence:
        purges.apply(purge)
    for purge in purges.all():
        again.apply(purge)
        bounded.apply(purge)

    for name in {purge.name for purge in sequence}:
        assert again.of_source(name) == purges.of_source(name) <= bounded.of_source(name)
        assert again.of_tags([name]) == purges.of_tags([name]) <= bounded.of_tags([name])
    assert not any(again.apply(purge) for purge in purges.all())
    assert set(again.all()) <= set(purges.all())
