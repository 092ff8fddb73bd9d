"""RFC 9211: what Cache-Status says, and that it is a List that any strict parser takes."""

from __future__ import annotations

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.cache_status import MAX_DETAIL, MAX_SECONDS, CacheStatus, Forward, Hit, Reason

TIERS = ("memory", "disk", "redis", "objects")
Parameters = dict[str, bool | int | str]


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            CacheStatus.of_hit("redis", ("memory",), ttl=31),
            "safelight-redis; hit; ttl=31, safelight-memory; fwd=miss; stored",
        ),
        (CacheStatus.of_hit("memory", ()), "safelight-memory; hit"),
        (CacheStatus.of_hit("memory", (), ttl=-5), "safelight-memory; hit; ttl=-5"),
        (
            CacheStatus.of_hit("objects", TIERS[:3], ttl=0),
            "safelight-objects; hit; ttl=0, safelight-redis; fwd=miss; stored,"
            " safelight-disk; fwd=miss; stored, safelight-memory; fwd=miss; stored",
        ),
        (
            CacheStatus.of_miss(("memory", "disk"), ("disk", "redis")),
            "safelight-disk; fwd=uri-miss; stored, safelight-memory; fwd=uri-miss",
        ),
        (
            CacheStatus.of_miss(("memory", "disk"), collapsed=True),
            "safelight-disk; fwd=uri-miss; collapsed, safelight-memory; fwd=uri-miss; collapsed",
        ),
        (CacheStatus.of_miss(()), "safelight; fwd=uri-miss"),
        (CacheStatus.of_miss((), collapsed=True), "safelight; fwd=uri-miss; collapsed"),
        (CacheStatus(), "safelight; fwd=uri-miss"),
        (
            CacheStatus((("memory", Forward("stale", stored=True, collapsed=True, ttl=60)),)),
            "safelight-memory; fwd=stale; stored; collapsed; ttl=60",
        ),
        (
            CacheStatus((("redis", Forward("bypass", detail='down: "refused" \\o/')),)),
            'safelight-redis; fwd=bypass; detail="down: \\"refused\\" \\\\o/"',
        ),
        (
            CacheStatus((("disk", Hit(detail="größer\r\nset-cookie: a")),)),
            'safelight-disk; hit; detail="gr??er??set-cookie: a"',
        ),
    ],
)
def test_the_tier_nearest_to_the_origin_comes_first(status: CacheStatus, expected: str) -> None:
    assert status.field == expected


OUTCOMES = st.builds(Hit, ttl=st.none() | st.integers(), detail=st.text()) | st.builds(
    Forward,
    reason=st.sampled_from(get_args(Reason)),
    stored=st.booleans(),
    collapsed=st.booleans(),
    ttl=st.none() | st.integers(),
    detail=st.text(max_size=2 * MAX_DETAIL),
)


@given(st.lists(st.tuples(st.sampled_from(TIERS), OUTCOMES), max_size=5))
def test_every_status_is_a_structured_list(tiers: list[tuple[str, Hit | Forward]]) -> None:
    members = structured_list(CacheStatus(tuple(tiers)).field)

    assert [name for name, _ in members] == [
        f"safelight-{name}" for name, _ in reversed(tiers)
    ] or ["safelight"]
    for _, parameters in members:
        assert parameters.keys() <= {"hit", "fwd", "stored", "collapsed", "ttl", "detail"}
        assert ("hit" in parameters) is not ("fwd" in parameters)
        assert parameters.get("fwd", "miss") in get_args(Reason)
        assert len(str(parameters.get("detail", ""))) <= MAX_DETAIL


@given(st.integers(-(10**30), 10**30))
def test_seconds_stay_in_the_range_of_structured_integers(seconds: int) -> None:
    [(_, parameters)] = structured_list(CacheStatus.of_hit("disk", (), ttl=seconds).field)

    assert parameters["ttl"] == max(-MAX_SECONDS, min(seconds, MAX_SECONDS))


@given(st.text("\"\\ab c'é\n", max_size=MAX_DETAIL))
def test_details_are_read_back_in_ascii(detail: str) -> None:
    [(_, parameters)] = structured_list(CacheStatus((("disk", Hit(detail=detail)),)).field)

    expected = detail.replace("é", "?").replace("\n", "?")
    assert parameters.get("detail", "") == expected


@pytest.mark.parametrize(
    "field",
    [
        "",
        "a,",
        ",a",
        "1a",
        "a; =1",
        "a ;b",
        "a;B",
        "a; ttl=1.5",
        "a; ttl=",
        f"a; ttl={10**15}",
        'a; b="c',
        'a; b="é"',
        'a; b="\\c"',
        "a b",
    ],
)
def test_the_parser_of_these_tests_is_strict(field: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        structured_list(field)


def structured_list(field: str) -> list[tuple[str, Parameters]]:
    """RFC 9651 section 4.2.1, for items that are Tokens; at least one of them."""
    members, rest = [], field.strip(" ")
    while True:
        name, rest = taken(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*", rest)
        parameters: Parameters = {}
        while rest.startswith(";"):
            key, rest = taken(r"[a-z*][a-z0-9_.*-]*", rest[1:].lstrip(" "))
            parameters[key] = True
            if rest.startswith("="):
                parameters[key], rest = bare_item(rest[1:])
        members.append((name, parameters))
        rest = rest.lstrip(" \t")
        if not rest:
            return members
        _, rest = taken(r",[ \t]*(?!\Z)", rest)


def bare_item(text: str) -> tuple[int | str, str]:
    if text.startswith('"'):
        quoted, rest = taken(r'"(?:[ !#-\[\]-~]|\\["\\])*"', text)
        return re.sub(r"\\(.)", r"\1", quoted[1:-1]), rest
    if re.match("[-0-9]", text):
        digits, rest = taken(r"-?[0-9]{1,15}(?![0-9.])", text)
        return int(digits), rest
    return taken(r"[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*", text)


def taken(pattern: str, text: str) -> tuple[str, str]:
    match = re.match(pattern, text)
    if match is None:
        raise ValueError(f"expected {pattern}, got {text!r}")
    return match[0], text[match.end() :]
