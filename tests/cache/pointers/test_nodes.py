"""Nodes that tell each other what they saw, through a real Redis that may be away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from cache.pointer import Pointer
from cache.pointers import Pointers
from cache.purges import Purge, Purges
from cache.shared import open_redis
from cache.shared_pointers import SharedPointers
from tests.cache.pointers.looking import CAT, NEGATIVE_TTL, TTL, Clock, Gallery, Open, until
from tests.redis_server import RedisServer


@pytest.fixture
async def client(own_redis: RedisServer) -> AsyncIterator[Redis]:
    async with open_redis(own_redis.url, timeout=0.5) as client:
        yield client


@pytest.fixture
def shared(client: Redis) -> SharedPointers:
    return SharedPointers(client, namespace="test:", timeout=0.5)


@pytest.fixture
def node(pointers_with: Open, shared: SharedPointers) -> Pointers:
    return pointers_with(shared=shared)


@pytest.fixture
def other_node(pointers_with: Open, shared: SharedPointers) -> Pointers:
    return pointers_with(shared=shared)


async def put(shared: SharedPointers, version: str | None, checked: float) -> None:
    await shared.put(CAT, Pointer(version, None, None, None, checked), ttl=TTL)


async def told(shared: SharedPointers) -> None:
    """What was seen is put where others see it behind the answer."""
    async with asyncio.timeout(10):
        while await shared.get(CAT) is None:  # noqa: ASYNC110  (Redis tells nobody)
            await asyncio.sleep(0.001)


async def test_one_look_is_enough_for_all_nodes(
    node: Pointers, other_node: Pointers, shared: SharedPointers, gallery: Gallery
) -> None:
    seen = await node.get(CAT)
    await told(shared)

    assert await other_node.get(CAT) == seen
    assert len(gallery.looks) == 1
    assert other_node.counts == {"shared": 1}


async def test_what_a_fetch_found_is_told(
    node: Pointers, other_node: Pointers, shared: SharedPointers, clock: Clock
) -> None:
    node.note(CAT, Pointer("two", 1, None, "max-age=1", clock.now))
    await told(shared)

    assert (await other_node.get(CAT)).cache_control == "max-age=1"
    assert other_node.counts == {"shared": 1}


async def test_a_pointer_of_another_node_is_as_old_as_the_look_of_that_node(
    node: Pointers, shared: SharedPointers, gallery: Gallery, clock: Clock
) -> None:
    await put(shared, "zero", clock.now - TTL / 2 + 1)
    assert (await node.get(CAT)).validator == "zero"

    clock.now += 1
    await node.get(CAT)
    await until(lambda: node.peek(CAT))

    assert (await node.get(CAT)).validator == "one"
    assert len(gallery.looks) == 1


@pytest.mark.parametrize(
    ("version", "age"), [("zero", TTL / 2), (None, NEGATIVE_TTL), ("zero", 10 * TTL)]
)
async def test_an_old_pointer_of_another_node_is_no_substitute_for_a_look(
    node: Pointers, shared: SharedPointers, clock: Clock, version: str | None, age: float
) -> None:
    await put(shared, version, clock.now - age)

    assert (await node.get(CAT)).validator == "one"


async def test_a_source_that_another_node_misses_is_missing(
    node: Pointers, shared: SharedPointers, gallery: Gallery, clock: Clock
) -> None:
    await put(shared, None, clock.now - 1)

    assert (await node.get(CAT)).validator is None
    assert gallery.looks == []


async def test_what_another_node_saw_before_the_purge_does_not_count(
    node: Pointers, shared: SharedPointers, purges: Purges, clock: Clock
) -> None:
    await put(shared, "zero", clock.now - 1)

    purges.apply(Purge("source", CAT, clock.milliseconds - 1000))

    assert (await node.get(CAT)).validator == "one"


async def test_what_another_node_saw_since_the_purge_counts(
    node: Pointers, shared: SharedPointers, purges: Purges, clock: Clock
) -> None:
    await put(shared, "zero", clock.now - 1)

    purges.apply(Purge("source", CAT, clock.milliseconds - 1001))

    assert (await node.get(CAT)).validator == "zero"


async def test_a_pointer_from_a_fast_clock_is_from_now(
    node: Pointers, shared: SharedPointers, clock: Clock
) -> None:
    await put(shared, "zero", clock.now + 86_400)

    assert (await node.get(CAT)).checked == clock.now


async def test_a_fast_clock_does_not_undo_a_purge(
    node: Pointers, shared: SharedPointers, purges: Purges, clock: Clock
) -> None:
    await put(shared, "zero", clock.now + 86_400)

    purges.apply(Purge("source", CAT, clock.milliseconds))

    assert (await node.get(CAT)).validator == "one"


async def test_without_redis_each_node_looks_for_itself(
    node: Pointers, gallery: Gallery, own_redis: RedisServer
) -> None:
    own_redis.stop()

    assert (await node.get(CAT)).validator == "one"
    assert len(gallery.looks) == 1


async def test_a_redis_that_hangs_delays_a_look_and_no_more(
    node: Pointers, gallery: Gallery, own_redis: RedisServer
) -> None:
    own_redis.freeze()

    async with asyncio.timeout(20):
        pointer = await node.get(CAT)

    assert pointer.validator == "one"
    assert len(gallery.looks) == 1
