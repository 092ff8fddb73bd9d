"""Room and breaker in front of a source: who waits, who is refused, and what that depends on."""

from __future__ import annotations

import asyncio
import random

import pytest

from origin.sources.errors import (
    SourceBusy,
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
    SourceReferenceError,
    SourceTimeout,
    SourceTooLarge,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.guarded import MAX_WAITING, GuardedSource
from origin.sources.source import Version
from tests.origin.sources.told import FOUND, Told, answer, failing, settled, silence, turn

FAILURES = (
    SourceTimeout("slow"),
    SourceUnavailable("down"),
    SourceTruncated("", expected=2, got=1),
)
ANSWERS = (
    SourceNotFound("gone"),
    SourceChanged("", expected="a"),
    SourceTooLarge("", size=2, limit=1),
    SourceDenied("no"),
)
NOT_ASKED = (SourceReferenceError("what"), SourceNotAllowed("no"))


@pytest.fixture
def store() -> Told:
    return Told()


def guarded(store: Told, *, connections: int = 2, timeout: float = 60.0) -> GuardedSource:
    return GuardedSource(
        store, "photos", connections=connections, timeout=timeout, clock=lambda: store.now
    )


async def fail(guard: GuardedSource, store: Told, error: SourceError, times: int = 5) -> None:
    store.behave = failing(error)
    for _ in range(times):
        with pytest.raises(type(error)):
            await guard.stat("a.jpg")


async def test_no_more_than_so_many_ask_at_once_and_the_others_follow(store: Told) -> None:
    async def work() -> Version:
        await turn()
        return FOUND

    store.behave = work
    guard = guarded(store, connections=4)

    found = await asyncio.gather(*(guard.stat("a.jpg") for _ in range(50)))

    assert found == [FOUND] * 50
    assert store.most == 4
    assert guard.idle


async def test_who_waits_in_vain_is_told_which_setting_matters(store: Told) -> None:
    store.behave = silence
    guard = guarded(store, connections=2, timeout=0.4)
    holding = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(2)]
    await turn()

    with pytest.raises(SourceBusy, match=r"photos.*b\.jpg.* 2 .*SAFELIGHT_SOURCE_CONNECTIONS"):
        await guard.stat("b.jpg")

    assert guard.facts() | {"failures": 0} == {
        "calls": 2,
        "state": "closed",
        "in_use": 2,
        "waiting": 0,
        "failures": 0,
        "refused": 1,
    }
    assert await settled(holding) == [SourceTimeout] * 2


async def test_no_more_than_so_many_wait(store: Told) -> None:
    store.behave = silence
    guard = guarded(store, connections=1)
    waiting = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(MAX_WAITING + 1)]
    await turn()

    with pytest.raises(SourceBusy, match=f"{MAX_WAITING} more wait"):
        await guard.stat("b.jpg")

    for task in waiting:
        task.cancel()
    await settled(waiting)
    assert guard.idle


async def test_a_call_ends_at_the_timeout_whatever_the_source_does(store: Told) -> None:
    store.behave = silence

    with pytest.raises(SourceTimeout, match=r"photos: .*a\.jpg within 0\.05 s \(SAFELIGHT_TIMEOUT"):
        await guarded(store, timeout=0.05).stat("a.jpg")


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
async def test_what_fails_several_times_is_left_alone(store: Told, error: SourceError) -> None:
    guard = guarded(store)
    await fail(guard, store, error)
    store.now += 0.25

    with pytest.raises(SourceUnavailable, match=r"for 0\.2 s .*tried again in 0\.8 s"):
        await guard.fetch("b.jpg", max_bytes=1)

    assert store.calls == 5
    assert guard.facts()["state"] == "open"
    assert (guard.facts()["failures"], guard.facts()["refused"]) == (5, 1)


@pytest.mark.parametrize("error", ANSWERS + NOT_ASKED, ids=lambda error: type(error).__name__)
async def test_an_answer_is_no_failure_however_often_it_is_no(
    store: Told, error: SourceError
) -> None:
    guard = guarded(store)

    await fail(guard, store, error, times=50)

    assert store.calls == 50
    assert guard.facts()["state"] == "closed"


@pytest.mark.parametrize("error", ANSWERS, ids=lambda error: type(error).__name__)
async def test_an_answer_is_a_sign_of_life(store: Told, error: SourceError) -> None:
    guard = guarded(store)
    await fail(guard, store, FAILURES[0], times=4)
    await fail(guard, store, error, times=1)

    await fail(guard, store, FAILURES[0], times=4)

    assert guard.facts()["state"] == "closed"


@pytest.mark.parametrize("error", NOT_ASKED, ids=lambda error: type(error).__name__)
async def test_what_was_never_asked_is_no_sign_of_life(store: Told, error: SourceError) -> None:
    guard = guarded(store)
    await fail(guard, store, FAILURES[0], times=4)
    await fail(guard, store, error, times=1)

    await fail(guard, store, FAILURES[0], times=1)

    assert guard.facts()["state"] == "open"


async def test_after_a_pause_one_tries_and_if_that_goes_well_all_do(store: Told) -> None:
    guard = guarded(store, connections=8)
    await fail(guard, store, FAILURES[0])
    gate = asyncio.Event()

    async def late() -> Version:
        await gate.wait()
        return FOUND

    store.behave, store.now = late, store.now + 1.5
    tries = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(8)]
    await turn()
    asked_meanwhile = store.calls - 5
    gate.set()
    ends = await settled(tries)
    store.behave = answer

    found = await asyncio.gather(*(guard.stat("a.jpg") for _ in range(20)))

    assert asked_meanwhile == 1
    assert ends == [Version] + [SourceUnavailable] * 7
    assert found == [FOUND] * 20


async def test_who_waits_for_room_while_the_source_fails_does_not_ask_it(store: Told) -> None:
    gate = asyncio.Event()

    async def late_failure() -> Version:
        await gate.wait()
        raise FAILURES[0]

    store.behave = late_failure
    guard = guarded(store, connections=5)
    tries = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(25)]
    await turn()
    gate.set()

    ends = await settled(tries)

    assert ends == [SourceTimeout] * 5 + [SourceUnavailable] * 20
    assert store.calls == 5


@pytest.mark.parametrize(("after", "state"), [(29.0, "closed"), (31.0, "open")])
async def test_a_call_that_is_given_up_late_counts_as_slow(
    store: Told, after: float, state: str
) -> None:
    store.behave = silence
    guard = guarded(store, connections=5, timeout=60.0)
    leaving = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(5)]
    await turn()
    store.now += after

    for task in leaving:
        task.cancel()
    ends = await settled(leaving)

    assert ends == [asyncio.CancelledError] * 5
    assert guard.facts()["state"] == state


async def test_a_fault_of_ours_is_raised_as_it_is_and_gives_the_room_back(store: Told) -> None:
    async def fault() -> Version:
        raise ZeroDivisionError

    store.behave = fault
    guard = guarded(store, connections=1)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            await guard.stat("a.jpg")

    assert guard.idle


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_a_thousand_callers_who_leave_at_random_leave_all_room_behind(
    store: Told, seed: int
) -> None:
    chance = random.Random(seed)

    async def work() -> Version:
        await asyncio.sleep(chance.uniform(0, 0.01))
        if chance.random() < 0.1:
            raise FAILURES[1]
        return FOUND

    async def leave(task: asyncio.Task[Version]) -> None:
        await asyncio.sleep(chance.uniform(0, 0.1))
        task.cancel()

    store.behave = work
    guard = guarded(store, connections=8)
    tries = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(1000)]
    await asyncio.gather(*map(leave, tries))
    ends = await settled(tries)
    store.behave = answer
    store.now += 100

    await guard.stat("a.jpg")
    store.behave = silence
    holding = [asyncio.create_task(guard.stat("a.jpg")) for _ in range(9)]
    await turn()

    assert asyncio.CancelledError in ends
    assert (guard.facts()["in_use"], guard.facts()["waiting"]) == (8, 1)
    assert store.most == store.inside == 8
    for task in holding:
        task.cancel()
    await settled(holding)
    assert guard.idle
