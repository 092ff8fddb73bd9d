"""Tags of answers: one of the source, the configured ones, in the fields that are enabled."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.key import source_name
from origin.tags import MAX_TAGS, SEPARATORS, is_tag, source_tag, tag_headers, tags_of

CAT = "s3://shop/cat.jpg"


def test_the_source_comes_first_and_no_tag_twice() -> None:
    tags = tags_of(CAT, ("shop", "thumbs", "shop", source_tag(CAT)))

    assert tags == (f"s-{source_name(CAT)[:16]}", "shop", "thumbs")


def test_two_sources_have_two_tags() -> None:
    assert source_tag(CAT) != source_tag("s3://shop/dog.jpg")


def test_there_are_never_more_tags_than_the_limit() -> None:
    tags = tags_of(CAT, [f"tag-{number}" for number in range(100)])

    assert len(tags) == MAX_TAGS
    assert tags[:2] == (source_tag(CAT), "tag-0")


@pytest.mark.parametrize(
    ("enabled", "expected"),
    [
        ((), {}),
        (("surrogate-key",), {"surrogate-key": "a b:1"}),
        (("cache-tag",), {"cache-tag": "a,b:1"}),
        (("xkey",), {"xkey": "a b:1"}),
        (("xkey", "cache-tag"), {"xkey": "a b:1", "cache-tag": "a,b:1"}),
    ],
)
def test_each_field_separates_in_its_own_way(
    enabled: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert tag_headers(("a", "b:1"), enabled) == expected


def test_without_tags_no_field_is_sent() -> None:
    assert tag_headers((), tuple(SEPARATORS)) == {}


@pytest.mark.parametrize("text", ["a", "shop", "t:1/2.b-c_D", "a" * 128])
def test_a_tag_has_only_what_every_cdn_takes(text: str) -> None:
    assert is_tag(text)


@pytest.mark.parametrize("text", ["", "a b", "a,b", "a\n", "ä", "a*", '"a"', "a" * 129])
def test_what_could_end_a_tag_is_none(text: str) -> None:
    assert not is_tag(text)


@given(source=st.text(), extra=st.lists(st.from_regex(r"[a-z]{1,3}", fullmatch=True)))
def test_every_tag_can_be_told_from_its_neighbours(source: str, extra: list[str]) -> None:
    tags = tags_of(source, extra)

    assert all(map(is_tag, tags))
    for name, field in tag_headers(tags, tuple(SEPARATORS)).items():
        assert re.split("[ ,]", field) == list(tags), name
