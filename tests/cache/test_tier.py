"""A tier never raises: what its cache cannot do is a miss, or is not kept."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from cache.breaker import Breaker
from cache.entry import pack, unpack
from cache.store import Store
from cache.tier import Tier
from tests.cache.unsteady import KEY, SOURCE, Peekable, Unsteady, an_entry


class Clock:
    """Stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("framed", [True, False])
async def test_what_was_put_comes_back_until_it_is_deleted(framed: bool) -> None:
    store: Store = Tier("disk", Unsteady(), framed=framed)

    kept = await store.put(KEY, an_entry())
    found = await store.get(KEY)
    await store.delete(KEY)

    assert kept
    assert found == an_entry()
    assert await store.get(KEY) is None


async def test_only_caches_of_bytes_get_frames() -> None:
    framed, plain = Unsteady(), Unsteady()

    await Tier("disk", framed, framed=True).put(KEY, an_entry())
    await Tier("memory", plain, framed=False).put(KEY, an_entry())

    assert await framed.get(KEY) == pack(KEY, an_entry())
    assert await plain.get(KEY) == an_entry()


async def test_every_call_counts_once() -> None:
    tier = Tier("disk", Unsteady(), framed=True, max_entry_bytes=10)

    await tier.get(KEY)
    await tier.put(KEY, an_entry())
    await tier.get(KEY)
    await tier.put(KEY, an_entry(b"too many bytes"))
    await tier.put(KEY, an_entry(), ttl=0)

    assert tier.counts == {"miss": 1, "stored": 1, "hit": 1, "too_large": 1, "declined": 1}


async def test_a_picture_that_is_too_large_is_not_kept() -> None:
    tier = Tier("disk", Unsteady(), framed=True, max_entry_bytes=4)

    kept = [await tier.put(KEY, an_entry(body)) for body in (b"12345", b"1234")]

    assert kept == [False, True]


async def test_a_ttl_is_the_caches_to_keep() -> None:
    tier = Tier("memory", Unsteady(), framed=False)

    await tier.put(KEY, an_entry(), ttl=0.01)

    for _ in range(1000):
        if await tier.get(KEY) is None:
            break
        await asyncio.sleep(0.01)
    assert await tier.get(KEY) is None


@pytest.mark.parametrize("ttl", [0, -1.0])
async def test_what_has_no_time_to_live_is_not_kept_for_ever(ttl: float) -> None:
    tier = Tier("memory", Unsteady(), framed=False)

    assert not await tier.put(KEY, an_entry(), ttl=ttl)
    assert await tier.get(KEY) is None


@pytest.mark.parametrize(("mood", "count"), [("broken", "failed"), ("hanging", "timeout")])
async def test_failures_and_timeouts_are_misses(mood: Any, count: str) -> None:
    cache = Unsteady(timeout=0.01)
    tier = Tier("disk", cache, framed=True)
    await tier.put(KEY, an_entry())

    cache.mood = mood
    found, kept = await tier.get(KEY), await tier.put(KEY, an_entry())
    await tier.delete(KEY)
    dropped = await tier.drop(SOURCE)

    assert (found, kept, dropped) == (None, False, False)
    assert tier.counts == {"stored": 1, count: 4}


async def test_who_keeps_failing_is_left_alone_and_comes_back() -> None:
    cache, clock = Unsteady(), Clock()
    breakers = [Breaker(failures=3, pause=1, clock=clock) for _ in range(2)]
    tier = Tier("disk", cache, framed=True, breaker=breakers[0], write_breaker=breakers[1])
    await tier.put(KEY, an_entry())
    cache.mood = "broken"
    for _ in range(3):
        await tier.get(KEY)
        await tier.put(KEY, an_entry())

    calls = cache.calls
    skipped = [await tier.get(KEY), await tier.put(KEY, an_entry()), await tier.drop(SOURCE)]
    unasked = cache.calls == calls
    cache.mood = "well"
    clock.now += 1

    assert skipped == [None, False, False]
    assert unasked
    assert tier.counts["skipped"] == 3
    assert await tier.get(KEY) == an_entry()
    assert tier.breaker.state == "closed"


async def test_one_line_is_logged_when_it_is_left_alone_and_one_when_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    cache, clock = Unsteady(), Clock()
    tier = Tier("disk", cache, framed=True, breaker=Breaker(failures=3, pause=1, clock=clock))

    with caplog.at_level(logging.WARNING, logger="cache"):
        cache.mood = "broken"
        for _ in range(100):
            await tier.get(KEY)
            clock.now += 0.3
        cache.mood = "well"
        clock.now += 60
        for _ in range(10):
            await tier.get(KEY)

    first, second = (record.getMessage() for record in caplog.records)
    assert "disk" in first
    assert "the disk is on fire" in first
    assert second == "cache tier disk is back"


async def test_what_cannot_be_written_to_is_still_read_from() -> None:
    cache = Unsteady()
    tier = Tier("disk", cache, framed=True)
    await tier.put(KEY, an_entry())
    cache.mood = "broken"
    for _ in range(10):
        await tier.put(KEY, an_entry())

    cache.mood = "well"

    assert tier.write_breaker.state == "open"
    assert await tier.get(KEY) == an_entry()


async def test_a_cancelled_get_is_no_failure_of_the_cache() -> None:
    cache = Unsteady(timeout=None)
    cache.mood = "hanging"
    tier = Tier("disk", cache, framed=True, breaker=Breaker(failures=1))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await tier.get(KEY)

    assert tier.breaker.state == "closed"
    assert not tier.counts


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"nonsense",
        pack(KEY, an_entry())[:-1],
        pack(KEY.replace("a", "b"), an_entry()),
        "a text that is as long as a frame might be, but is none",
        7,
    ],
)
async def test_corrupt_entries_are_misses_and_leave_the_cache(value: object) -> None:
    cache = Unsteady()
    await cache.set(KEY, value)
    tier = Tier("disk", cache, framed=True)

    found = await tier.get(KEY)

    assert found is None
    assert not await cache.exists(KEY)
    assert tier.counts == {"corrupt": 1}
    assert tier.breaker.state == "closed"


async def test_memory_gives_out_nothing_but_entries() -> None:
    cache = Unsteady()
    await cache.set(KEY, b"a frame")
    tier = Tier("memory", cache, framed=False)

    assert await tier.get(KEY) is None
    assert tier.counts == {"corrupt": 1}


async def test_large_pictures_are_packed_outside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = []
    large, small = an_entry(bytes(1_500_000)), an_entry()

    async def noted(*args: Any) -> Any:
        away.append(args[0])
        return await real(*args)

    real = asyncio.to_thread
    monkeypatch.setattr(asyncio, "to_thread", noted)
    tier = Tier("disk", Unsteady(), framed=True)
    found = []
    for entry in (small, large):
        await tier.put(KEY, entry)
        found.append(await tier.get(KEY))

    assert found == [small, large]
    assert away == [pack, unpack]


async def test_an_entry_that_could_not_be_unpacked_just_now_stays_in_the_cache(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def no_thread(*_: Any) -> Any:
        raise RuntimeError("can't start new thread")

    cache = Unsteady()
    tier = Tier("disk", cache, framed=True)
    await tier.put(KEY, an_entry(bytes(1_500_000)))
    monkeypatch.setattr(asyncio, "to_thread", no_thread)

    assert await tier.get(KEY) is None
    assert await cache.exists(KEY)
    assert tier.counts == {"stored": 1, "failed": 1}


async def test_a_source_is_dropped_and_no_other() -> None:
    tier = Tier("disk", Unsteady(), framed=True)
    other = KEY.replace("5", "6")
    await tier.put(KEY, an_entry())
    await tier.put(other, an_entry())

    await tier.drop_source(SOURCE)

    assert await tier.get(KEY) is None
    assert await tier.get(other) == an_entry()


async def test_no_source_is_not_all_sources() -> None:
    tier = Tier("disk", Unsteady(), framed=True)
    await tier.put(KEY, an_entry())

    assert not await tier.drop("")
    assert await tier.get(KEY) == an_entry()


async def test_a_cache_in_memory_can_be_peeked_into_and_others_have_nothing_at_hand() -> None:
    memory = Tier("memory", Peekable(), framed=False)
    disk = Tier("disk", Unsteady(), framed=True)
    for tier in (memory, disk):
        await tier.put(KEY, an_entry())

    assert memory.peek(KEY) == an_entry()
    assert memory.peek("another") is None
    assert disk.peek(KEY) is None
    assert memory.counts == {"stored": 1, "hit": 1}
