"""One piece of work for all who want the same at the same time, whoever of them stays."""

from __future__ import annotations

import asyncio
import contextvars
import random
from typing import Any

import anyio
import pytest

from cache.flight import Flight, FlightCancelled
from tests.cache.work import Undecodable, Work, callers, flights, settle, until

REQUEST = contextvars.ContextVar[str]("REQUEST")


async def test_a_thousand_callers_are_one_piece_of_work() -> None:
    tower, work = flights(), Work()
    tasks = callers(tower, work, 1000)
    await settle()

    work.release.set()
    answers = await asyncio.gather(*tasks)

    assert work.begun == 1
    assert answers == [("pixels", False)] + [("pixels", True)] * 999
    assert (tower.joined, len(tower)) == (999, 0)


async def test_other_keys_are_other_work_and_so_are_later_calls() -> None:
    tower, work = flights(), Work()
    work.release.set()

    await asyncio.gather(tower.run("one", work), tower.run("other", work))
    await tower.run("one", work)

    assert (work.begun, tower.joined) == (3, 0)


async def test_the_first_may_leave_and_the_others_get_what_they_came_for() -> None:
    tower, work = flights(), Work()
    first, *others = callers(tower, work, 1000)
    await settle()

    first.cancel()
    await settle()
    work.release.set()
    answers = await asyncio.gather(*others)

    assert first.cancelled()
    assert answers == [("pixels", True)] * 999
    assert (work.begun, work.cancelled) == (1, 0)


async def test_work_that_nobody_waits_for_is_cancelled() -> None:
    tower, work = flights(), Work()
    tasks = callers(tower, work, 100)
    await settle()

    for task in tasks:
        task.cancel()
    await settle()

    assert (work.begun, work.cancelled) == (1, 1)
    assert len(tower) == 0


async def test_committed_work_runs_to_its_end_for_whoever_comes_meanwhile() -> None:
    tower, work = flights(), Work(commits=True)
    tasks = callers(tower, work, 100)
    await settle()
    for task in tasks:
        task.cancel()
    await settle()

    (late,) = callers(tower, work, 1)
    await settle()
    work.release.set()

    assert await late == ("pixels", True)
    assert (work.begun, work.ended, work.cancelled) == (1, 1, 0)


async def test_committed_work_ends_with_nobody_there_and_its_failure_is_kept() -> None:
    tower, work = flights(), Work(commits=True, error=Undecodable("cat", size=7))
    (task,) = callers(tower, work, 1)
    await settle()
    task.cancel()
    await settle()

    work.release.set()
    await settle()

    with pytest.raises(Undecodable):
        await tower.run("key", work)
    assert work.begun == 1


async def test_each_caller_has_a_deadline_of_its_own() -> None:
    tower, work = flights(), Work()
    (patient,) = callers(tower, work, 1)
    await settle()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tower.run("key", work)
    work.release.set()

    assert await patient == ("pixels", False)


async def test_who_comes_while_cancelled_work_unwinds_begins_anew() -> None:
    tower, unwound = flights(), asyncio.Event()

    async def stubborn(_: Flight) -> str:
        try:
            await asyncio.Event().wait()
            return "pixels"
        finally:
            await unwound.wait()

    work = Work()
    work.release.set()
    (first,) = callers(tower, stubborn, 1)
    await settle()
    first.cancel()
    await settle()

    answer = await tower.run("key", work)
    unwound.set()
    await settle()

    assert answer == ("pixels", False)
    assert len(tower) == 0


async def test_work_that_hangs_ends_at_the_deadline_for_all() -> None:
    tower, work = flights(deadline=0.02), Work(commits=True)

    answers = await asyncio.gather(*callers(tower, work, 10), return_exceptions=True)
    await settle()

    assert [str(answer) for answer in answers] == [
        "'key': expected to end within 0.02 s, but did not"
    ] * 10
    assert all(isinstance(answer, TimeoutError) for answer in answers)
    assert (work.cancelled, len(tower)) == (1, 0)


async def test_work_that_does_not_stop_holds_nobody_up() -> None:
    tower, unwound = flights(deadline=0.02), asyncio.Event()

    async def stubborn(_: Flight) -> str:
        while not unwound.is_set():
            try:
                await unwound.wait()
            except asyncio.CancelledError:
                continue
        return "too late"

    async with asyncio.timeout(10):
        with pytest.raises(TimeoutError):
            await tower.run("key", stubborn)
    unwound.set()
    await tower.close()


async def test_committed_work_that_nobody_waits_for_ends_at_the_deadline() -> None:
    tower, work = flights(deadline=0.02), Work(commits=True)
    (task,) = callers(tower, work, 1)
    await settle()
    task.cancel()

    await until(lambda: work.cancelled == 1)

    assert len(tower) == 0


async def test_the_deadline_is_not_remembered() -> None:
    tower, work = flights(deadline=0.02), Work()
    with pytest.raises(TimeoutError):
        await tower.run("key", work)

    work.release.set()

    assert await tower.run("key", work) == ("pixels", False)


async def test_the_work_knows_nothing_of_the_request_that_began_it() -> None:
    async def look(_: Flight) -> str:
        with anyio.fail_after(10):
            await anyio.sleep(0.001)
        return await anyio.to_thread.run_sync(lambda: REQUEST.get("nothing"))

    REQUEST.set("a request")

    assert await flights().run("key", look) == ("nothing", False)


async def test_work_that_somebody_else_cancelled_is_no_cancellation_of_those_who_wait() -> None:
    async def give_up(_: Flight) -> str:
        raise asyncio.CancelledError

    with pytest.raises(FlightCancelled, match="was cancelled"):
        await flights().run("key", give_up)


async def test_closing_ends_all_work_and_begins_no_more() -> None:
    tower, work = flights(), Work(commits=True)
    tasks = callers(tower, work, 3)
    await settle()

    await tower.close()
    answers = await asyncio.gather(*tasks, return_exceptions=True)

    assert [type(answer) for answer in answers] == [FlightCancelled] * 3
    assert (work.cancelled, len(tower)) == (1, 0)
    with pytest.raises(FlightCancelled):
        await tower.run("key", work)


@pytest.mark.parametrize("seed", range(30))
async def test_whoever_comes_and_goes_whenever_the_work_is_done_for_those_who_stay(
    seed: int,
) -> None:
    chance = random.Random(seed)
    tower = flights(deadline=10.0, failure_ttl=0.0)
    running: dict[str, int] = dict.fromkeys("abc", 0)

    async def call(key: str) -> Any:
        async def work(flight: Flight) -> str:
            running[key] += 1
            try:
                for _ in range(chance.randrange(6)):
                    await asyncio.sleep(0)
                    if chance.random() < 0.1:
                        flight.commit()
                    if chance.random() < 0.05:
                        raise Undecodable(key, size=1)
                assert running[key] == 1
                return key
            finally:
                running[key] -= 1

        return await tower.run(key, work)

    tasks = {}
    left = set()
    for _ in range(300):
        key = chance.choice("abc")
        tasks[asyncio.create_task(call(key))] = key
        if chance.random() < 0.5:
            leaver = chance.choice([*tasks])
            if leaver.cancel():
                left.add(leaver)
        for _ in range(chance.randrange(3)):
            await asyncio.sleep(0)
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    await until(lambda: len(tower) == 0)
    await tower.close()

    for (task, key), answer in zip(tasks.items(), answers, strict=True):
        gone = isinstance(answer, asyncio.CancelledError)
        assert gone == (task in left)
        assert gone or isinstance(answer, Undecodable) or answer[0] == key  # type: ignore[index]
    assert asyncio.all_tasks() == {asyncio.current_task()}
