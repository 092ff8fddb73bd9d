"""The stopwatch of one piece of work."""

from __future__ import annotations

import pytest

from origin.stages import Stages


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_block_is_timed_however_it_ends(clock: Clock) -> None:
    stages = Stages(clock=clock)

    def fail() -> None:
        with stages.timing("fetch"):
            clock.now += 0.25
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()

    assert stages.timed == [("fetch", 100.0, 100.25)]


def test_a_stage_that_comes_twice_adds_up(clock: Clock) -> None:
    stages = Stages(clock=clock)

    stages.add("store", 1.0, 1.5)
    stages.add("look", 2.0, 2.25)
    stages.add("look", 3.0, 3.25)

    assert stages.ms == {"look": 500.0, "store": 500.0}


def test_what_a_worker_says_lies_one_after_another_and_ends_now(clock: Clock) -> None:
    stages = Stages(clock=clock)

    stages.worked({"encode": 2.0, "decode": 1.0, "process": 0.5})

    assert stages.timed == [
        ("decode", 96.5, 97.5),
        ("process", 97.5, 98.0),
        ("encode", 98.0, 100.0),
    ]


def test_each_stage_is_told_once_it_is_over(clock: Clock) -> None:
    told: list[tuple[str, float]] = []
    stages = Stages(lambda stage, seconds: told.append((stage, seconds)), clock=clock)

    with stages.timing("fetch"):
        clock.now += 2.0
        assert told == []

    assert told == [("fetch", 2.0)]
