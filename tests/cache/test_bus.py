"""Purges reach every node: at once, or when it is back."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from redis.asyncio import Redis

from cache.bus import PurgeBus, Reached
from cache.errors import TierFailed
from cache.purges import Purge
from cache.shared import open_redis
from tests.redis_server import RedisServer

CAT = Purge("source", "s3://photos/cat:1.jpg", 1_700_000_000_123)
DOGS = Purge("prefix", "s3://photos/dogs/", 1_700_000_000_456)
NEWS = Purge("tag", "nachrichten-é", 1_700_000_000_789)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url, timeout=10) as client:
        yield client


@dataclass
class Node:
    """A node that listens, and what it has heard."""

    bus: PurgeBus
    heard: list[Purge] = field(default_factory=list)


@asynccontextmanager
async def listening(
    client: Redis, *names: str, poll: float = 60, patience: float = 10
) -> AsyncIterator[list[Node]]:
    """Nodes that listen until the block is left."""
    nodes = [Node(bus_of(client, name, poll=poll, timeout=patience)) for name in names]
    async with AsyncExitStack() as stack:
        for node in nodes:
            task = asyncio.create_task(node.bus.run(node.heard.append))
            stack.push_async_callback(stop, task)
        await until_known(client, *names)
        yield nodes


def bus_of(
    client: Redis, name: str = "teller", *, poll: float = 60, timeout: float = 10, most: int = 1000
) -> PurgeBus:
    return PurgeBus(
        client, node=name, namespace="", timeout=timeout, poll=poll, beat=0.2, most=most
    )


async def stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def until_heard(node: Node, purge: Purge) -> None:
    for _ in range(2000):
        if purge in node.heard:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"expected {purge} within 20 s, got {node.heard}")


async def until_known(client: Redis, *names: str) -> None:
    for _ in range(2000):
        known = await client.zrange("nodes", 0, -1)
        if {name.encode() for name in names} <= set(known):
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"expected {names} within 20 s, got {known}")


async def test_every_node_hears_a_purge_and_says_so(client: Redis) -> None:
    async with listening(client, "one:80", "two:80") as (one, two):
        start = time.monotonic()
        reached = [await one.bus.tell(purge, wait=20) for purge in (CAT, DOGS)]
        reached.append(await two.bus.tell(NEWS, wait=20))
        took = time.monotonic() - start

        assert reached == [Reached(frozenset({"one:80", "two:80"}), frozenset())] * 3
        assert one.heard == two.heard == [CAT, DOGS, NEWS]
        assert took < 10


async def test_a_node_that_lives_and_does_not_answer_is_named(client: Redis) -> None:
    await client.zadd("nodes", {"silent:80": time.time(), "long-gone:80": time.time() - 3600})

    async with listening(client, "one:80") as (one,):
        start = time.monotonic()
        reached = await one.bus.tell(CAT, wait=0.3)
        took = time.monotonic() - start

    assert reached == Reached(frozenset({"one:80"}), frozenset({"silent:80"}))
    assert 0.3 <= took < 10


async def test_a_node_that_cannot_apply_a_purge_does_not_say_so_and_goes_on(client: Redis) -> None:
    heard: list[Purge] = []

    def apply(purge: Purge) -> None:
        if purge == CAT:
            raise KeyError(purge.name)
        heard.append(purge)

    task = asyncio.create_task(bus_of(client, "one").run(apply))
    await until_known(client, "one")
    failed = await bus_of(client).tell(CAT, wait=0.2)
    reached = await bus_of(client).tell(DOGS, wait=20)
    await stop(task)

    assert failed == Reached(frozenset(), frozenset({"one"}))
    assert reached == Reached(frozenset({"one"}), frozenset())
    assert heard == [DOGS]


async def test_a_node_that_ends_is_no_longer_waited_for(client: Redis) -> None:
    async with listening(client, "one"):
        pass

    assert await bus_of(client).tell(CAT, wait=20) == Reached(frozenset(), frozenset())


async def test_a_node_that_was_away_catches_up(client: Redis) -> None:
    for purge in (CAT, DOGS, NEWS):
        await bus_of(client).tell(purge, wait=0)

    async with listening(client, "late") as (late,):
        assert sorted(late.heard, key=lambda purge: purge.at) == [CAT, DOGS, NEWS]


async def test_a_node_that_was_cut_off_catches_up(client: Redis) -> None:
    async with listening(client, "one") as (one,):
        await client.client_kill_filter(_type="pubsub")
        await bus_of(client).tell(CAT, wait=0)

        await until_heard(one, CAT)
        reached = await bus_of(client).tell(DOGS, wait=20)

    assert one.heard[-1] == DOGS
    assert reached.acknowledged == {"one"}


async def test_a_message_that_was_lost_is_found_by_polling(client: Redis) -> None:
    async with listening(client, "one", poll=0.2) as (one,):
        await client.zadd("purges", {f"source:{CAT.name}": CAT.at})

        await until_heard(one, CAT)


async def test_only_the_latest_purge_of_a_name_is_kept(client: Redis) -> None:
    for at in (5, 9, 7):
        await bus_of(client).tell(Purge("tag", "news", at), wait=0)

    assert await client.zrange("purges", 0, -1, withscores=True) == [(b"tag:news", 9.0)]


async def test_the_oldest_purges_are_dropped_when_there_are_too_many(client: Redis) -> None:
    for at in (3, 1, 4, 2, 5):
        await bus_of(client, most=3).tell(Purge("source", f"cat {at}", at), wait=0)

    assert await client.zrange("purges", 0, -1) == [
        b"source:cat 3",
        b"source:cat 4",
        b"source:cat 5",
    ]


async def test_more_purges_than_one_page_are_all_read(client: Redis) -> None:
    await client.zadd("purges", {f"source:{number}": number + 1 for number in range(2500)})
    heard: list[Purge] = []

    task = asyncio.create_task(bus_of(client, "one", most=100_000).run(heard.append))
    await until_known(client, "one")
    await stop(task)

    assert sorted(purge.at for purge in heard) == list(range(1, 2501))


async def test_junk_is_passed_over(client: Redis) -> None:
    junk = {b"junk": 1, b"source": 2, b"tag:\xff": 3, b"tag:endless": float("inf")}
    await client.zadd("purges", junk)
    messages = [
        *("", "{", "[]", "null", '"text"', "[" * 100_000, '{"scope": ["tag"]}'),
        json.dumps({"id": 1, "scope": "tag", "name": 1, "at": 1}),
        json.dumps({"id": 1, "scope": "tag", "name": "news", "at": "now"}),
    ]

    async with listening(client, "one") as (one,):
        for message in messages:
            await client.publish("purges", message)
        reached = await bus_of(client).tell(CAT, wait=20)

    assert reached.acknowledged == {"one"}
    assert one.heard == [CAT]


async def test_a_redis_that_was_away_is_found_again_and_told_what_it_missed(
    own_redis: RedisServer,
) -> None:
    async with (
        open_redis(own_redis.url, timeout=2) as client,
        listening(client, "one", "two") as (one, two),
    ):
        own_redis.stop()
        with pytest.raises(TierFailed, match="SAFELIGHT_CACHE_REDIS_URL"):
            await one.bus.tell(CAT, wait=1)
        own_redis.start()

        await until_known(client, "one", "two")
        reached = await one.bus.tell(DOGS, wait=20)

        await until_heard(two, CAT)

    assert reached == Reached(frozenset({"one", "two"}), frozenset())
    assert set(one.heard) == set(two.heard) == {CAT, DOGS}


async def test_nodes_start_without_redis_and_join_when_it_is_there(own_redis: RedisServer) -> None:
    heard: list[Purge] = []
    own_redis.stop()

    async with open_redis(own_redis.url, timeout=2) as client:
        task = asyncio.create_task(bus_of(client, "one", timeout=2).run(heard.append))
        await asyncio.sleep(0.3)
        own_redis.start()
        await until_known(client, "one")
        reached = await bus_of(client).tell(CAT, wait=20)
        await stop(task)

    assert reached.acknowledged == {"one"}
    assert heard == [CAT]


async def test_a_redis_that_hangs_is_left_and_joined_again(own_redis: RedisServer) -> None:
    async with (
        open_redis(own_redis.url, timeout=10) as patient,
        open_redis(own_redis.url, timeout=0.5) as client,
        listening(client, "one", patience=0.5) as (one,),
    ):
        own_redis.freeze()
        start = time.monotonic()
        with pytest.raises(TierFailed):
            await one.bus.tell(CAT, wait=20)
        took = time.monotonic() - start
        await asyncio.sleep(1)
        own_redis.thaw()

        # Whoever tells may be back before the node is.
        await bus_of(patient).tell(DOGS, wait=0)
        await until_heard(one, DOGS)

    assert took < 5


async def test_a_node_ends_whenever_it_is_told_to(client: Redis) -> None:
    for moment in range(100):
        task = asyncio.create_task(bus_of(client, "one", poll=0.001).run(lambda _purge: None))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=20)

        assert done, f"after {moment} steps"
