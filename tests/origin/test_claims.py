"""One of all who ask has the right to make a result, and nobody makes what is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from cache.entry import pack
from cache.lease import Lease, Leases
from cache.shared import open_redis
from origin.afterwards import Afterwards
from origin.claims import Claims
from origin.head_start import HeadStart
from tests.cache.unsteady import Stack, an_entry
from tests.faults import Faults, Flow, fault_proxy
from tests.origin.test_asked import wanted
from tests.redis_server import redis_server as redis_server
from tests.redis_server import redis_url as redis_url

WANTED = wanted()
NAMES = ("memory", "disk", "redis", "objects")


@dataclass(frozen=True, slots=True)
class Node:
    """One that asks, on tiers that all of a test have in common."""

    stack: Stack
    leases: Leases
    claims: Claims

    def calls(self) -> dict[str, int]:
        return {name: cache.calls for name, cache in self.stack.caches.items() if cache.calls}

    async def is_free(self) -> bool:
        """Whether anybody may have the lease, which then is ours."""
        return await self.leases.acquire(WANTED.key) is not None


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url, timeout=10) as client:
        yield client


def node(client: Redis, *, names: tuple[str, ...] = NAMES, stack: Stack | None = None) -> Node:
    stack = Stack(names) if stack is None else stack
    leases, afterwards = Leases(client, namespace="", timeout=10), Afterwards()
    claims = Claims(stack.tiers, leases, afterwards, HeadStart(afterwards), 20)
    return Node(stack, leases, claims)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def expect_nothing(one: Node, *, redis_has_some: bool = False) -> None:
    """As after many looks for other results."""
    for _ in range(20):
        await one.claims.look(WANTED, frozenset({"redis", "objects"}))
    if redis_has_some:
        await one.stack.caches["redis"].set(WANTED.key, framed())
        await one.claims.look(WANTED, frozenset({"redis"}))
        await one.stack.tiers.delete(WANTED.key)
    await one.stack.settled()
    for cache in one.stack.caches.values():
        cache.calls = 0


async def released(one: Node, lease: Lease | None) -> None:
    one.claims.give_back(lease)
    await one.claims.afterwards.close()


async def test_what_nobody_has_is_asked_for_once_everywhere_and_may_be_made(client: Redis) -> None:
    one = node(client)

    claim = await one.claims.search(WANTED, later=False)

    assert (claim.lookup.entry, claim.lookup.missed) == (None, NAMES)
    assert claim.lease is not None
    assert one.calls() == {"disk": 1, "redis": 1, "objects": 1}
    assert not await one.is_free()
    await released(one, claim.lease)
    assert await one.is_free()


async def test_without_a_tier_of_objects_the_other_is_asked_again_under_the_lease(
    client: Redis,
) -> None:
    one = node(client, names=("memory", "redis"))

    claim = await one.claims.search(WANTED, later=False)

    assert claim.lookup.entry is None
    assert one.calls() == {"redis": 2}
    await released(one, claim.lease)


@pytest.mark.parametrize("tier", ["disk", "redis"])
async def test_what_is_near_needs_no_lease_and_no_look_at_objects(client: Redis, tier: str) -> None:
    one = node(client)
    await one.stack.caches[tier].set(WANTED.key, framed())

    claim = await one.claims.search(WANTED, later=False)

    assert (claim.lookup.entry, claim.lookup.tier, claim.lease) == (an_entry(), tier, None)
    assert one.stack.caches["objects"].calls == 0
    await one.stack.settled()


async def test_what_is_far_is_found_and_the_lease_can_be_given_back(client: Redis) -> None:
    one = node(client)
    await one.stack.caches["objects"].set(WANTED.key, framed())

    claim = await one.claims.search(WANTED, later=False)

    assert (claim.lookup.entry, claim.lookup.tier) == (an_entry(), "objects")
    await released(one, claim.lease)
    assert await one.stack.holders(WANTED.key) == list(NAMES)
    assert await one.is_free()


async def test_who_comes_second_gets_what_the_first_has_made(client: Redis) -> None:
    first = node(client)
    second = node(client, stack=first.stack)
    claim = await first.claims.search(WANTED, later=False)
    waiting = asyncio.create_task(second.claims.search(WANTED, later=False))
    await until(lambda: second.leases.counts["elsewhere"] == 1)

    stored = await first.stack.tiers.put(WANTED.key, an_entry())
    first.claims.give_back(claim.lease, stored)
    got = await waiting

    assert (got.lookup.entry, got.lookup.tier, got.lease) == (an_entry(), "redis", None)
    await first.claims.afterwards.close()
    await first.stack.settled()


async def test_what_was_made_while_the_lease_was_on_its_way_is_not_made_again(
    redis_url: str,
) -> None:
    address = urlsplit(redis_url)
    async with (
        fault_proxy(str(address.hostname), int(address.port or 0)) as proxy,
        open_redis(proxy.url("redis"), timeout=10) as client,
    ):
        one = node(client)
        await client.ping()  # it is connected
        proxy.faults = Faults(to_client=Flow(latency=0.3))
        asking = asyncio.create_task(one.claims.search(WANTED, later=False))
        await until(lambda: one.stack.caches["redis"].calls == 1)
        await asyncio.sleep(0.05)
        # By a node whose lease has come to its end by now.
        await one.stack.caches["objects"].set(WANTED.key, framed())
        claim = await asking

        assert (claim.lookup.entry, claim.lookup.tier) == (an_entry(), "objects")
        await released(one, claim.lease)
        await one.stack.tiers.close()


@pytest.mark.parametrize(
    ("redis_has_some", "unasked"),
    [(True, frozenset({"objects"})), (False, frozenset({"redis", "objects"}))],
    ids=["objects", "both"],
)
async def test_what_is_expected_nowhere_may_be_made_before_all_are_asked(
    client: Redis, redis_has_some: bool, unasked: frozenset[str]
) -> None:
    one = node(client)
    await expect_nothing(one, redis_has_some=redis_has_some)

    claim = await one.claims.search(WANTED, later=False, ahead=lambda: True)

    assert (claim.lookup.entry, claim.unasked) == (None, unasked)
    assert claim.lease is not None
    assert one.calls() == {name: 1 for name in NAMES[1:] if name not in unasked}
    assert (await one.claims.look(WANTED, claim.unasked)).entry is None
    assert one.calls() == {"disk": 1, "redis": 1, "objects": 1}
    await released(one, claim.lease)


async def test_who_has_no_time_to_make_it_asks_all_first(client: Redis) -> None:
    one = node(client)
    await expect_nothing(one)

    claim = await one.claims.search(WANTED, later=False, ahead=lambda: False)

    assert not claim.unasked
    assert one.calls() == {"disk": 1, "redis": 1, "objects": 1}
    await released(one, claim.lease)


async def test_what_another_makes_is_waited_for_however_little_is_expected(client: Redis) -> None:
    first = node(client)
    second = node(client, stack=first.stack)
    await expect_nothing(second)
    claim = await first.claims.search(WANTED, later=False)
    waiting = asyncio.create_task(second.claims.search(WANTED, later=False, ahead=lambda: True))
    await until(lambda: second.leases.counts["elsewhere"] == 1)

    stored = await first.stack.tiers.put(WANTED.key, an_entry())
    first.claims.give_back(claim.lease, stored)
    got = await waiting

    assert (got.lookup.entry, got.lookup.tier, got.lease) == (an_entry(), "redis", None)
    assert not second.claims.head_start.pays(frozenset({"redis"}))
    await first.claims.afterwards.close()
    await first.stack.settled()


async def test_without_redis_objects_may_be_asked_meanwhile() -> None:
    stack, afterwards = Stack(("memory", "disk", "objects")), Afterwards()
    claims = Claims(stack.tiers, None, afterwards, HeadStart(afterwards), 20)
    for _ in range(20):
        assert not (await claims.search(WANTED, later=False, ahead=lambda: True)).unasked

    claim = await claims.search(WANTED, later=False, ahead=lambda: True)

    assert (claim.lease, claim.unasked) == (None, frozenset({"objects"}))


async def test_a_result_that_is_not_kept_in_shared_tiers_waits_for_none(client: Redis) -> None:
    one = node(client)
    await expect_nothing(one)
    policy = replace(WANTED.asked.policy, results=frozenset({"memory", "disk"}))
    near = replace(WANTED, asked=replace(WANTED.asked, policy=policy))

    claim = await one.claims.search(near, later=False, ahead=lambda: True)

    assert (claim.lookup.entry, claim.lease, claim.unasked) == (None, None, frozenset())
    assert one.calls() == {"disk": 1}


async def test_work_for_later_takes_no_lease(client: Redis) -> None:
    one = node(client)

    claim = await one.claims.search(WANTED, later=True)

    assert (claim.lookup.entry, claim.lease) == (None, None)
    assert await one.is_free()


async def test_who_leaves_while_objects_are_slow_leaves_nothing_behind(client: Redis) -> None:
    one = node(client)
    one.stack.caches["objects"].mood = "hanging"
    asking = asyncio.create_task(one.claims.search(WANTED, later=False))
    await until(lambda: one.leases.counts["taken"] == 1)
    await asyncio.sleep(0.05)

    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await one.claims.afterwards.close()
    await asyncio.sleep(0)

    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert await one.is_free()


def framed() -> bytes:
    return pack(WANTED.key, an_entry())
