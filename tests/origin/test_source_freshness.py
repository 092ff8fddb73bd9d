"""What a source's Cache-Control says of a lifetime, and how far it is believed."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.freshness import MAX_DELTA
from origin.source_freshness import MAX_CHARACTERS, passed_through, source_ttl


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (None, None),
        ("", None),
        ("public", None),
        ("immutable, must-revalidate", None),
        ("stale-while-revalidate=60", None),
        ("x-max-age=60, max-age-x=60", None),
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ("max-age=60,immutable", 60),
        ("Max-Age=60", 60),
        ("MAX-AGE=60, PUBLIC", 60),
        ('max-age="60"', 60),
        ('max-age=" 60 "', 60),
        ("\tmax-age=60 ,", 60),
        (",, max-age=60", 60),
        ("max-age=0", 0),
        ("max-age=0060", 60),
        ("max-age=60, max-age=30", 30),
        ("max-age=30, max-age=60", 30),
        ("s-maxage=60", 60),
        ("max-age=60, s-maxage=600", 60),
        ("max-age=600, S-MaxAge=60", 60),
        ("no-store", 0),
        ("No-Cache", 0),
        ("private", 0),
        ("max-age=60, no-store", 0),
        ("private, max-age=60", 0),
        ('no-cache="set-cookie", max-age=60', 0),
        ('private="a, b", max-age=60', 0),
        ('x="a, no-store", max-age=60', 60),
        ('x="max-age=5", max-age=60', 60),
        ('"max-age=5", max-age=60', 60),
        ('x="unclosed, max-age=60', 60),
        ("max age=60", None),
        ("max-age", 0),
        ("max-age=", 0),
        ('max-age=""', 0),
        ("max-age=soon", 0),
        ("max-age=-1", 0),
        ("max-age=+60", 0),
        ("max-age=1.5", 0),
        ("max-age=1e3", 0),
        ("max-age=6 0", 0),
        ("max-age=60; public", 0),
        ("max-age=\u0666\u0660", 0),
        (f"max-age={MAX_DELTA}", MAX_DELTA),
        (f"max-age={MAX_DELTA + 1}", MAX_DELTA),
        ("max-age=99999999999999", MAX_DELTA),
        ("max-age=" + "0" * 3000 + "60", 60),
        ("max-age=" + "9" * 4000, MAX_DELTA),
        ("public, " * MAX_CHARACTERS + "max-age=60", 0),
    ],
)
def test_the_shortest_promise_counts(field: str | None, expected: int | None) -> None:
    assert source_ttl(field) == expected


@pytest.mark.parametrize(
    ("field", "floor", "ceiling", "expected"),
    [
        ("max-age=60", None, None, 60),
        (None, None, None, 1000),
        ("public", None, None, 1000),
        ("max-age=60", 100, None, 100),
        ("max-age=60", 10, 100, 60),
        ("max-age=600", None, 100, 100),
        ("no-store", None, None, 0),
        ("no-cache, max-age=60", 10, None, 10),
        ("private", 10, 100, 10),
        (None, None, 100, 100),
        (None, 2000, None, 2000),
        ("max-age=60", 0, 0, 0),
        ("max-age=60", 100, 50, 100),
        ("max-age=99999999999999", None, None, MAX_DELTA),
    ],
)
def test_the_lifetime_lies_between_floor_and_ceiling(
    field: str | None, floor: int | None, ceiling: int | None, expected: int
) -> None:
    assert passed_through(field, default=1000, floor=floor, ceiling=ceiling) == expected


BOUND = st.none() | st.integers(0, MAX_DELTA)


@given(
    field=st.none() | st.text(),
    default=st.integers(0, MAX_DELTA),
    bounds=st.tuples(st.integers(0, MAX_DELTA), st.integers(0, MAX_DELTA)).map(sorted),
)
def test_no_source_gets_past_the_bounds(field: str | None, default: int, bounds: list[int]) -> None:
    floor, ceiling = bounds

    assert floor <= passed_through(field, default=default, floor=floor, ceiling=ceiling) <= ceiling


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["max-age", "s-maxage", "Max-Age", "x", "stale-if-error"]),
            st.integers(0, 2 * MAX_DELTA),
            st.sampled_from(["{}={}", '{}="{}"', " {}={}\t"]),
        )
    )
)
def test_a_written_lifetime_is_read_back(directives: list[tuple[str, int, str]]) -> None:
    field = ",".join(form.format(name, seconds) for name, seconds, form in directives)
    said = [s for name, s, _ in directives if name.lower() in ("max-age", "s-maxage")]

    assert source_ttl(field) == min([*said, *[MAX_DELTA] * bool(said)], default=None)


@pytest.mark.parametrize("unit", ['"', 'a="', ",", " ", "=", "a", 'a="b",', "max-age=1,", '\\"'])
def test_no_repetition_makes_reading_slow(unit: str) -> None:
    field = (unit * MAX_CHARACTERS)[:MAX_CHARACTERS]
    started = time.process_time()

    source_ttl(field)

    assert time.process_time() - started < 5
