"""Pointers in Redis: the latest look is believed, and nothing that cannot be read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from cache.errors import TierFailed
from cache.pointer import Pointer
from cache.shared import open_redis
from cache.shared_pointers import SharedPointers
from tests.redis_server import RedisServer

CAT = "s3://photos/cat.jpg"
SEEN = Pointer('"e1"', 1234, 1_700_000_000.25, "max-age=60", 1_700_000_500.123456)


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url, timeout=10) as client:
        yield client


@pytest.fixture
def pointers(client: Redis) -> SharedPointers:
    return SharedPointers(client, namespace="one:", timeout=10)


async def name_of(client: Redis) -> str:
    """The one key there is."""
    names = [name async for name in client.scan_iter()]
    assert len(names) == 1
    return str(names[0].decode())


@pytest.mark.parametrize(
    "pointer",
    [
        SEEN,
        Pointer(None, None, None, None, 1.0),
        Pointer("é\udcff\x00", 0, -1.5, "", 0.0),
    ],
)
async def test_a_pointer_comes_back_as_it_was_put(
    pointers: SharedPointers, pointer: Pointer
) -> None:
    await pointers.put(CAT, pointer, ttl=60)

    assert await pointers.get(CAT) == pointer
    assert await pointers.get(CAT + "2") is None


async def test_a_pointer_is_kept_under_a_name_of_fixed_length_until_its_time_is_up(
    pointers: SharedPointers, client: Redis
) -> None:
    await pointers.put("local:///" + "long/" * 2000 + "\udcff.jpg", SEEN, ttl=59.5)

    name = await name_of(client)
    assert name.startswith("one:p:")
    assert len(name) == len("one:p:") + 32
    assert 30_000 < await client.pttl(name) <= 59_500


async def test_a_pointer_with_no_time_left_is_not_kept(
    pointers: SharedPointers, client: Redis
) -> None:
    await pointers.put(CAT, SEEN, ttl=0)
    await pointers.put(CAT, SEEN, ttl=-1)

    assert await client.dbsize() == 0


async def test_an_earlier_look_never_replaces_a_later_one(pointers: SharedPointers) -> None:
    earlier = replace(SEEN, validator='"old"', checked=SEEN.checked - 0.000_01)
    later = replace(SEEN, validator=None, checked=SEEN.checked + 0.000_01)

    await pointers.put(CAT, SEEN, ttl=60)
    await pointers.put(CAT, earlier, ttl=60)
    kept = await pointers.get(CAT)
    await pointers.put(CAT, later, ttl=60)

    assert kept == SEEN
    assert await pointers.get(CAT) == later


async def test_of_many_at_once_the_latest_look_stays(pointers: SharedPointers) -> None:
    looks = [replace(SEEN, checked=float(number)) for number in range(100)]

    await asyncio.gather(*(pointers.put(CAT, look, ttl=60) for look in looks))

    assert await pointers.get(CAT) == looks[-1]


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\xff\x00",
        b"{",
        b"null",
        b"[1]",
        b'"text"',
        b'{"checked":1e300}',
        b'{"checked":{}}',
        b'{"validator":7,"size":1,"modified":1,"cache_control":"","checked":1}',
        b"[" * 100_000,
    ],
)
async def test_junk_is_no_pointer_and_gives_way_to_one(
    pointers: SharedPointers, client: Redis, junk: bytes
) -> None:
    await pointers.put(CAT, SEEN, ttl=60)
    await client.set(await name_of(client), junk)

    found = await pointers.get(CAT)
    await pointers.put(CAT, SEEN, ttl=60)

    assert found is None
    assert await pointers.get(CAT) == SEEN


async def test_a_value_of_another_kind_is_a_failed_tier_until_a_pointer_is_put(
    pointers: SharedPointers, client: Redis
) -> None:
    await pointers.put(CAT, SEEN, ttl=60)
    name = await name_of(client)
    await client.delete(name)
    await client.sadd(name, "junk")

    with pytest.raises(TierFailed, match="WRONGTYPE"):
        await pointers.get(CAT)
    await pointers.put(CAT, SEEN, ttl=60)

    assert await pointers.get(CAT) == SEEN


async def test_without_redis_both_say_that_the_tier_failed(own_redis: RedisServer) -> None:
    async with open_redis(own_redis.url, timeout=2) as client:
        pointers = SharedPointers(client, namespace="", timeout=2)
        await pointers.put(CAT, SEEN, ttl=60)

        own_redis.stop()
        with pytest.raises(TierFailed):
            await pointers.get(CAT)
        with pytest.raises(TierFailed):
            await pointers.put(CAT, SEEN, ttl=60)
        own_redis.start()

        # The new server does not know the script, nor the pointer.
        assert await pointers.get(CAT) is None
        await pointers.put(CAT, SEEN, ttl=60)
        assert await pointers.get(CAT) == SEEN
