"""What caches are told, and that an expiring URL is never served past its time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.freshness import (
    MAX_DELTA,
    MAX_ERROR_AGE,
    Freshness,
    cache_control,
    cdn_cache_control,
    error_headers,
    fresh_for,
    freshness_headers,
    http_date,
)

YEAR = 31_536_000
SECONDS = st.integers(-10, 2**40)


@pytest.mark.parametrize(
    ("freshness", "expected"),
    [
        (Freshness(60), "public, max-age=60"),
        (Freshness(60, 30), "public, max-age=60, stale-while-revalidate=30"),
        (Freshness(60, 0, 90), "public, max-age=60, stale-if-error=90"),
        (
            Freshness(YEAR, 600, 86400),
            "public, max-age=31536000, stale-while-revalidate=600, stale-if-error=86400",
        ),
        (Freshness(0), "no-cache"),
        (Freshness(0, 600, 86400), "no-cache"),
        (Freshness(-1, -1, -1), "no-cache"),
        (Freshness(1, -1, -1), "public, max-age=1"),
    ],
)
def test_browsers_and_cdns_are_told_the_same(freshness: Freshness, expected: str) -> None:
    assert cache_control(freshness) == expected
    assert cdn_cache_control(freshness) == expected
    assert freshness_headers(freshness) == {
        "cache-control": expected,
        "cdn-cache-control": expected,
    }


@pytest.mark.parametrize(
    ("ttl", "expires", "now", "expected"),
    [
        (100, None, 1000.0, Freshness(100, 50, 500)),
        (100, 9999, 1000.0, Freshness(100, 50, 500)),
        (100, 1200, 1000.0, Freshness(100, 50, 100)),
        (100, 1120, 1000.0, Freshness(100, 20, 20)),
        (100, 1100, 1000.0, Freshness(100, 0, 0)),
        (100, 1040, 1000.0, Freshness(40, 0, 0)),
        (100, 1040, 1000.9, Freshness(39, 0, 0)),
        (100, 1000, 1000.0, Freshness(0, 0, 0)),
        (100, 10, 1000.0, Freshness(0, 0, 0)),
        (0, None, 1000.0, Freshness(0, 50, 500)),
        (-5, None, 1000.0, Freshness(0, 50, 500)),
        (2**40, None, 1000.0, Freshness(MAX_DELTA, 50, 500)),
        (2**40, 2**50, 1000.0, Freshness(MAX_DELTA, 50, 500)),
    ],
)
def test_an_expiry_cuts_the_lifetime_and_then_the_windows(
    ttl: int, expires: int | None, now: float, expected: Freshness
) -> None:
    freshness = fresh_for(
        ttl, expires=expires, now=now, stale_while_revalidate=50, stale_if_error=500
    )

    assert freshness == expected


def test_without_windows_none_are_sent() -> None:
    assert cache_control(fresh_for(60, expires=None, now=0)) == "public, max-age=60"


@given(ttl=SECONDS, swr=SECONDS, sie=SECONDS, expires=SECONDS, now=st.floats(0, 2**40))
def test_no_cache_may_serve_an_expired_url(
    ttl: int, swr: int, sie: int, expires: int, now: float
) -> None:
    freshness = fresh_for(
        ttl, expires=expires, now=now, stale_while_revalidate=swr, stale_if_error=sie
    )

    served_until = [
        now + freshness.max_age + window
        for window in (0, freshness.stale_while_revalidate, freshness.stale_if_error)
    ]
    assert min(freshness.max_age, freshness.stale_while_revalidate, freshness.stale_if_error) >= 0
    assert cache_control(freshness) == "no-cache" or max(served_until) <= expires


@given(ttl=SECONDS, swr=SECONDS, sie=SECONDS)
def test_cdn_cache_control_is_a_structured_fields_dictionary(ttl: int, swr: int, sie: int) -> None:
    freshness = fresh_for(ttl, expires=None, now=0, stale_while_revalidate=swr, stale_if_error=sie)

    members = dict(structured_members(cdn_cache_control(freshness)))

    assert "s-maxage" not in members
    assert members.get("max-age", 0) == max(0, min(ttl, MAX_DELTA))
    assert all(isinstance(value, bool) or value > 0 for value in members.values())


def structured_members(field: str) -> Iterator[tuple[str, int | bool]]:
    """RFC 9651 section 4.2.2, for the two kinds of member that we send: integers and bare keys."""
    for member in field.split(", "):
        match = re.fullmatch(r"([a-z*][a-z0-9_.*-]*)(?:=(-?[0-9]{1,15}))?", member)
        assert match is not None, f"not a dictionary member: {member!r}"
        yield match[1], int(match[2]) if match[2] else True


@pytest.mark.parametrize(
    ("max_age", "expected"),
    [
        (0, "no-store"),
        (-1, "no-store"),
        (1, "public, max-age=1"),
        (30, "public, max-age=30"),
        (60, "public, max-age=60"),
        (61, "public, max-age=60"),
        (YEAR, "public, max-age=60"),
    ],
)
def test_errors_are_kept_a_minute_at_most(max_age: int, expected: str) -> None:
    assert MAX_ERROR_AGE == 60
    assert error_headers(max_age) == {"cache-control": expected, "cdn-cache-control": expected}


def test_an_error_is_not_stored_unless_said_otherwise() -> None:
    assert error_headers() == {"cache-control": "no-store", "cdn-cache-control": "no-store"}


@pytest.mark.parametrize(
    ("epoch", "expected"),
    [
        (784111777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (784111777.999_999_9, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-1, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (-math.inf, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (math.nan, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (1709164800, "Thu, 29 Feb 2024 00:00:00 GMT"),
        (253402300799, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (253402300800, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (1e300, "Fri, 31 Dec 9999 23:59:59 GMT"),
        (math.inf, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ],
)
def test_dates_are_imf_fixdates(epoch: float, expected: str) -> None:
    assert http_date(epoch) == expected
