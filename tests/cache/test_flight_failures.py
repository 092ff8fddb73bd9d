"""A failure goes to all who wait, and for a while to those who come after."""

from __future__ import annotations

import asyncio
import gc
import traceback
import weakref

import pytest

from cache.flight import Flight
from tests.cache.work import Clock, Undecodable, Work, callers, flights, settle, until


async def test_a_failure_is_shared_then_forgotten() -> None:
    clock = Clock()
    tower, work = flights(clock=clock), Work(error=Undecodable("cat", size=7))
    tasks = callers(tower, work, 10)
    await settle()

    work.release.set()
    shared = await asyncio.gather(*tasks, return_exceptions=True)
    clock.now += 0.9
    kept = await asyncio.gather(*callers(tower, work, 10), return_exceptions=True)
    once = work.begun
    clock.now += 0.2
    await asyncio.gather(*callers(tower, work, 10), return_exceptions=True)

    assert {repr(answer) for answer in shared + kept} == {"Undecodable('cat cannot be read')"}
    assert all(isinstance(answer, Undecodable) and answer.size == 7 for answer in kept)
    assert (once, work.begun) == (1, 2)
    assert (tower.joined, tower.spared) == (18, 10)


async def test_some_failures_last_longer_and_some_not_at_all() -> None:
    clock = Clock()
    tower = flights(clock=clock, lifetime=lambda error: 60 if isinstance(error, KeyError) else 0)
    begun = []

    async def call(error: Exception) -> None:
        work = Work(error=error)
        work.release.set()
        with pytest.raises(type(error)):
            await tower.run(repr(error), work)
        begun.append(work.begun)

    for error in (KeyError("cat"), OSError(5, "input/output error")):
        await call(error)
        clock.now += 30
        await call(error)

    assert begun == [1, 0, 1, 1]


async def test_no_more_failures_are_kept_than_there_is_room_for() -> None:
    tower, work = flights(max_failures=2, clock=Clock()), Work(error=OSError(5, "broken"))
    work.release.set()

    for key in ("one", "two", "three", "one", "three"):
        with pytest.raises(OSError, match="broken"):
            await tower.run(key, work)

    assert work.begun == 4


async def test_an_error_says_where_it_comes_from_and_not_who_else_got_it() -> None:
    tower, work = flights(), Work(error=Undecodable("cat", size=7))
    tasks = callers(tower, work, 50)
    await settle()

    work.release.set()
    lines = []
    for task in tasks:
        try:
            await task
        except Undecodable as error:
            lines.append(len(traceback.extract_tb(error.__traceback__)))

    assert len(lines) == 50
    assert max(lines) < 10
    with pytest.raises(Undecodable) as caught:
        await tower.run("key", work)
    assert "__call__" not in {frame.name for frame in caught.traceback}


@pytest.mark.parametrize(
    "error",
    [OSError(2, "no such file", "cat.jpg"), KeyError("cat"), ExceptionGroup("two", [OSError()])],
)
async def test_a_kept_failure_reads_as_the_first_did(error: Exception) -> None:
    tower, work = flights(clock=Clock()), Work(error=error)
    work.release.set()

    answers = [
        *await asyncio.gather(tower.run("key", work), return_exceptions=True),
        *await asyncio.gather(tower.run("key", work), return_exceptions=True),
    ]

    assert [str(answer) for answer in answers] == [str(error)] * 2
    assert [type(answer) for answer in answers] == [type(error)] * 2


async def test_a_failure_keeps_nothing_of_the_work_alive() -> None:
    class Picture:
        """Stands for many megabytes."""

    alive: list[weakref.ref[Picture]] = []

    async def fail(_: Flight) -> str:
        picture = Picture()
        alive.append(weakref.ref(picture))
        raise Undecodable("cat", size=7)

    tower = flights(clock=Clock())
    gc.disable()
    try:
        for _ in range(2):
            with pytest.raises(Undecodable):
                await asyncio.gather(*[tower.run("key", fail) for _ in range(3)])
            await settle()
        left = [ref() for ref in alive]
    finally:
        gc.enable()

    assert left == [None]


@pytest.mark.parametrize("commits", [True, False])
async def test_failures_that_nobody_waited_for_are_no_complaint_of_the_event_loop(
    commits: bool,
) -> None:
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: complaints.append(context["message"])
    )

    async def fail_late(flight: Flight) -> str:
        if commits:
            flight.commit()
        try:
            await asyncio.sleep(0.01)
        finally:
            raise Undecodable("cat", size=7)

    tower = flights()
    (task,) = callers(tower, fail_late, 1)
    await settle()
    task.cancel()
    await until(lambda: len(tower) == 0)
    await settle()
    del task
    gc.collect()

    assert complaints == []
