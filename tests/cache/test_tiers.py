"""Asked from the top, filled from the bottom, written to behind the answer."""

from __future__ import annotations

import asyncio
import contextvars
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cache.entry import Entry, pack
from cache.tier import Tier
from cache.tiers import Placed, Tiers
from cache.write_behind import WriteBehind
from tests.cache.unsteady import ALL, KEY, SOURCE, Stack, Unsteady, an_entry

KEYS = [f"{source * 32}/{result * 64}" for source in "12" for result in "ab"]
REQUEST = contextvars.ContextVar[str]("REQUEST")


async def test_a_put_reaches_every_tier() -> None:
    stack = Stack()

    await stack.tiers.put(KEY, an_entry())

    assert stack.tiers.peek(KEY) == an_entry()
    assert await stack.holders() == list(ALL)


async def test_tiers_are_asked_from_the_top_and_the_first_hit_counts() -> None:
    stack = Stack()
    await stack.tiers.put(KEY, an_entry(), among=frozenset({"redis", "objects"}))
    await stack.settled()

    found = await stack.tiers.get(KEY)

    assert (found.entry, found.tier) == (an_entry(), "redis")
    assert found.missed == ("memory", "disk")
    assert stack.caches["objects"].calls == 1  # the put


async def test_nothing_anywhere_is_a_miss_of_all() -> None:
    tiers = Stack().tiers
    found = await tiers.get(KEY)

    assert (found.entry, found.tier, found.missed) == (None, None, tiers.names)


async def test_a_hit_is_copied_to_the_tiers_above() -> None:
    stack = Stack()
    await stack.tiers.put(KEY, an_entry(), among=frozenset({"objects"}))
    await stack.settled()

    await stack.tiers.get(KEY)

    assert stack.tiers.peek(KEY) == an_entry()
    assert await stack.holders() == list(ALL)
    assert [stack.tiers.counts()[name].get("promoted", 0) for name in ALL] == [1, 1, 1, 0]


async def test_among_bounds_reading_copying_and_writing() -> None:
    stack = Stack()
    await stack.tiers.put(KEY, an_entry(), among=frozenset({"objects"}))
    await stack.settled()

    elsewhere = await stack.tiers.get(KEY, among=frozenset({"disk", "redis"}))
    await stack.tiers.get(KEY, among=frozenset({"disk", "objects"}))

    assert (elsewhere.entry, elsewhere.missed) == (None, ("disk", "redis"))
    assert await stack.holders() == ["disk", "objects"]
    assert stack.tiers.peek(KEY, among=frozenset({"disk"})) is None


async def test_a_put_does_not_wait_for_slow_tiers() -> None:
    stack = Stack()

    stack.caches["redis"].mood = "hanging"

    async with asyncio.timeout(10):
        await stack.tiers.put(KEY, an_entry())

    assert stack.tiers.peek(KEY) == an_entry()
    await stack.tiers.close(within=0)


async def test_who_asks_waits_for_the_shared_tiers() -> None:
    stack = Stack()
    stack.caches["disk"].mood = "hanging"

    stored = await stack.tiers.put(KEY, an_entry())
    everywhere = await stored.shared(within=10)

    assert everywhere
    assert all([await stack.caches[name].exists(KEY) for name in ("redis", "objects")])
    await stack.tiers.close(within=0)


async def test_a_shared_tier_that_failed_is_not_reported_as_written() -> None:
    stack = Stack()
    stack.caches["redis"].mood = "broken"

    stored = await stack.tiers.put(KEY, an_entry())

    assert not await stored.shared(within=10)


async def test_writes_go_on_when_nobody_waits_for_them_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stack = Stack()
    release = asyncio.Event()

    async def until_released(*_: Any, **__: Any) -> None:
        await release.wait()

    monkeypatch.setattr(stack.caches["redis"], "pre_set", until_released)
    stored = await stack.tiers.put(KEY, an_entry())

    in_time = await stored.shared(within=0.01)
    waiter = asyncio.create_task(stored.shared(within=10))
    await asyncio.sleep(0)
    waiter.cancel()
    release.set()

    assert not in_time
    assert "redis" in await stack.holders()
    assert waiter.cancelled()


@pytest.mark.parametrize(
    "bounds", [{"max_behind": 4}, {"max_behind_bytes": 25}], ids=["writes", "bytes"]
)
async def test_writes_that_find_no_room_are_dropped_and_counted(bounds: dict[str, int]) -> None:
    stack = Stack(["memory", "redis"], **bounds)

    for number in range(10):
        await stack.tiers.put(f"{SOURCE}/{number}", an_entry(b"pixels"))
    await stack.settled()

    assert stack.tiers.counts()["memory"] == {"stored": 10}
    assert stack.tiers.counts()["redis"] == {"stored": 4, "dropped": 6}


async def test_one_picture_has_room_however_large_it_is() -> None:
    stack = Stack(["redis"], max_behind_bytes=3)

    await stack.tiers.put(KEY, an_entry(b"more than three"))

    assert await stack.holders() == ["redis"]


async def test_a_key_is_written_once_at_a_time() -> None:
    stack = Stack(["memory", "redis"])

    stored = [await stack.tiers.put(KEY, an_entry()) for _ in range(50)]

    assert all([await each.shared(within=10) for each in stored])
    assert stack.tiers.counts()["redis"] == {"stored": 1}


async def test_a_write_has_a_deadline_of_its_own() -> None:
    stack = Stack(["redis"], longest_write=0.01)
    stack.caches["redis"].mood = "hanging"

    stored = await stack.tiers.put(KEY, an_entry())

    assert not await stored.shared(within=10)
    assert all(write.done for write in stored.writes)
    assert stack.tiers.counts()["redis"] == {"timeout": 1}


async def test_a_queue_takes_writes_over() -> None:
    cache = Unsteady()
    objects = Tier("objects", cache, framed=True)

    async def write(key: str, entry: Entry, ttl: float | None) -> bool:
        return await objects.put(key, entry, ttl=ttl)

    async with WriteBehind(write, most_bytes=10, deadline=10) as queue:
        tiers = Tiers([Placed(objects, shared=True, offer=queue.offer)])
        small = await tiers.put(KEY, an_entry())
        large = await tiers.put(KEYS[0], an_entry(b"more than ten bytes"))
        outcomes = [await small.shared(within=10), await large.shared(within=10)]

    assert outcomes == [True, False]
    assert (queue.counts.written, queue.counts.dropped) == (1, 1)
    assert await cache.exists(KEY)


async def test_writes_know_nothing_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str | None] = []

    async def look(*_: Any, **__: Any) -> None:
        seen.append(REQUEST.get(None))

    stack = Stack(["redis"])
    monkeypatch.setattr(stack.caches["redis"], "pre_set", look)
    REQUEST.set("a request")
    await stack.tiers.put(KEY, an_entry())
    await stack.settled()

    assert seen == [None]


async def test_a_dropped_source_is_gone_with_the_writes_that_were_under_way() -> None:
    stack = Stack()
    other = KEY.replace("5", "6")
    await stack.tiers.put(KEY, an_entry())
    await stack.tiers.put(other, an_entry())

    dropped = await stack.tiers.drop_source(SOURCE)

    assert dropped == dict.fromkeys(ALL, True)
    assert await stack.holders() == []
    assert await stack.holders(other) == list(ALL)


async def test_a_tier_that_cannot_drop_a_source_is_named() -> None:
    stack = Stack()
    stack.caches["redis"].mood = "broken"

    dropped = await stack.tiers.drop_source(SOURCE)

    assert dropped == {"memory": True, "disk": True, "redis": False, "objects": True}


async def test_a_deleted_key_is_gone_with_the_writes_that_were_under_way() -> None:
    stack = Stack()
    await stack.tiers.put(KEY, an_entry())

    await stack.tiers.delete(KEY)

    assert await stack.holders() == []


async def test_closing_waits_for_writes_and_cancels_those_that_hang() -> None:
    stack = Stack(["disk", "redis"])
    stack.caches["redis"].mood = "hanging"
    await stack.tiers.put(KEY, an_entry())

    async with asyncio.timeout(10):
        await stack.tiers.close(within=0.05)
    await stack.tiers.put(KEYS[0], an_entry())

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await stack.holders() == ["disk"]
    assert stack.tiers.counts()["disk"] == {"stored": 1, "dropped": 1}


def test_tiers_of_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="different names"):
        Stack(["disk", "disk"])


among = st.none() | st.frozensets(st.sampled_from(ALL))
moods = ("well", "broken", "hanging")
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.sampled_from(KEYS), among),
        st.tuples(st.just("get"), st.sampled_from(KEYS), among),
        st.tuples(st.just("delete"), st.sampled_from(KEYS)),
        st.tuples(st.just("drop"), st.sampled_from(KEYS)),
        st.tuples(st.just("mood"), st.sampled_from(ALL[1:]), st.sampled_from(moods)),
        st.tuples(st.just("spoil"), st.sampled_from(ALL[1:]), *[st.sampled_from(KEYS)] * 2),
        st.tuples(st.just("settle")),
    ),
    max_size=40,
)


@given(steps)
@settings(max_examples=100, deadline=None)
async def test_no_sequence_of_events_gives_out_another_picture(
    sequence: list[tuple[Any, ...]],
) -> None:
    stack = Stack(timeout=0.005, max_behind=3)
    pictures = {key: an_entry(key.encode()) for key in KEYS}

    for step in sequence:
        match step:
            case "put", key, names:
                await stack.tiers.put(key, pictures[key], among=names)
            case "get", key, names:
                found = await stack.tiers.get(key, among=names)
                assert found.entry in (None, pictures[key])
                assert stack.tiers.peek(key) in (None, pictures[key])
            case "delete", key:
                await stack.tiers.delete(key)
            case "drop", key:
                await stack.tiers.drop_source(key.partition("/")[0])
            case "mood", name, mood:
                stack.caches[name].mood = mood
            case "spoil", name, key, other if key != other:
                stack.caches[name]._cache[key] = pack(other, pictures[other])
            case ("settle",):
                await stack.settled()

    await stack.tiers.close()
