"""A source that ends workers is let near them no more, for a while."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from origin.errors import SourceKillsWorkers
from origin.poison import Poisoned
from tests.origin.live import Origin, noise, photo, until

HOUR = 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def refused(poisoned: Poisoned, key: str) -> bool:
    try:
        poisoned.refuse(key)
    except SourceKillsWorkers:
        return True
    return False


def test_one_death_is_forgiven_and_the_second_is_not() -> None:
    poisoned = Poisoned(clock=Clock())

    poisoned.note("a")
    assert not refused(poisoned, "a")

    poisoned.note("a")
    assert refused(poisoned, "a")
    assert not refused(poisoned, "b")


def test_a_source_is_refused_for_an_hour() -> None:
    clock = Clock()
    poisoned = Poisoned(clock=clock)
    poisoned.note("a")
    poisoned.note("a")

    clock.now += HOUR - 1
    assert refused(poisoned, "a")

    clock.now += 2
    assert not refused(poisoned, "a")


def test_deaths_that_are_far_apart_are_no_pattern() -> None:
    clock = Clock()
    poisoned = Poisoned(clock=clock)
    poisoned.note("a")
    clock.now += HOUR + 1
    poisoned.note("a")

    assert not refused(poisoned, "a")


def test_the_error_says_what_for() -> None:
    poisoned = Poisoned(clock=Clock())
    poisoned.note("local:///a of version 1")
    poisoned.note("local:///a of version 1")

    with pytest.raises(SourceKillsWorkers, match="local:///a of version 1: 2 workers"):
        poisoned.refuse("local:///a of version 1")


def test_no_more_sources_than_a_bound_are_remembered() -> None:
    poisoned = Poisoned(clock=Clock())
    for _ in range(2):
        poisoned.note("first")
    for number in range(20_000):
        poisoned.note(str(number))

    assert not refused(poisoned, "first")


@pytest.mark.asyncio(loop_scope="session")
async def test_the_third_request_for_it_ends_no_worker(opened: Origin) -> None:
    source = opened.put(noise(1500))
    workers = opened.services.workers

    async def ask_and_kill(quality: int) -> str:
        asked = asyncio.create_task(opened.get(f"/q:{quality}/f:avif/plain/{source}"))
        await until(lambda: workers.facts()["busy"] == 1)
        os.kill(workers.pids[0], signal.SIGKILL)
        return (await asked).headers["x-safelight-error"]

    assert await ask_and_kill(100) == "worker_crashed"
    assert await ask_and_kill(99) == "worker_crashed"
    begun = workers.begun
    refusal = await opened.get(f"/q:98/f:avif/plain/{source}")

    assert (refusal.status_code, workers.begun) == (422, begun)
    assert refusal.headers["x-safelight-error"] == "source_kills_workers"
    other = opened.put(photo())
    assert (await opened.get(f"/w:20/plain/{other}")).status_code == 200
    # With new bytes it is another source.
    opened.put(photo(), source.removeprefix("local:///"))
    assert (await opened.get(f"/w:20/plain/{source}")).status_code == 200
