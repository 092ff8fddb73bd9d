"""Left alone after failures in a row, tried by one probe at a time, let in again."""

from __future__ import annotations

import pytest

from cache.breaker import Breaker


class Clock:
    """Stands still until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def fail(breaker: Breaker, times: int) -> None:
    for _ in range(times):
        breaker.failed()


def opened(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, pause=1.0, longest_pause=5.0, clock=clock)
    fail(breaker, 3)
    return breaker


def test_so_many_failures_in_a_row_open_it() -> None:
    breaker = Breaker(failures=3, clock=Clock())

    fail(breaker, 2)
    before = breaker.state, breaker.allows()
    breaker.failed()

    assert before == ("closed", True)
    assert (breaker.state, breaker.allows()) == ("open", False)


def test_a_success_in_between_starts_the_row_again() -> None:
    breaker = Breaker(failures=3, clock=Clock())

    for _ in range(5):
        fail(breaker, 2)
        breaker.succeeded()

    assert breaker.state == "closed"


def test_one_probe_goes_through_after_the_pause() -> None:
    clock = Clock()
    breaker = opened(clock)

    clock.now += 0.99
    early = breaker.allows()
    clock.now += 0.01
    answers = [breaker.allows() for _ in range(10)]

    assert not early
    assert answers == [True] + [False] * 9
    assert breaker.state == "half-open"


def test_a_probe_that_comes_back_well_closes_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 1
    breaker.allows()

    breaker.succeeded()
    fail(breaker, 2)

    assert breaker.state == "closed"
    assert breaker.allows()


def test_each_probe_that_fails_doubles_the_pause_up_to_the_longest() -> None:
    clock = Clock()
    breaker = opened(clock)

    for pause in (1.0, 2.0, 4.0, 5.0, 5.0):
        clock.now += pause - 0.01
        early = breaker.allows()
        clock.now += 0.01
        due = breaker.allows()
        breaker.failed()

        assert (early, due) == (False, True)


def test_the_pause_is_short_again_after_a_success() -> None:
    clock = Clock()
    breaker = opened(clock)
    for pause in (1.0, 2.0):
        clock.now += pause
        breaker.allows()
        breaker.failed()
    clock.now += 4.0
    breaker.allows()
    breaker.succeeded()

    fail(breaker, 3)
    clock.now += 1.0

    assert breaker.allows()


def test_a_probe_that_never_reports_is_followed_by_another() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 1.0
    breaker.allows()

    clock.now += 0.5
    too_soon = breaker.allows()
    clock.now += 0.5

    assert not too_soon
    assert breaker.allows()
    assert not breaker.allows()


def test_what_was_begun_before_it_opened_changes_nothing_any_more() -> None:
    clock = Clock()
    breaker = opened(clock)

    breaker.succeeded()
    fail(breaker, 10)
    clock.now += 1.0

    assert breaker.state == "open"
    assert breaker.allows()


@pytest.mark.parametrize(
    "bounds", [{"failures": 0}, {"pause": 0.0}, {"pause": 2.0, "longest_pause": 1.0}]
)
def test_bounds_that_make_no_sense_are_refused(bounds: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected failures >= 1"):
        Breaker(**bounds)  # type: ignore[arg-type]
