"""The client of Redis and the tier over it: bounded, patient for as long as told, and no longer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from cache.errors import TierFailed
from cache.shared import answering, open_redis, read_url, redis_cache
from tests.redis_server import RedisServer, serve_redis

BYTES = bytes(range(256))


async def test_bytes_come_back_as_bytes(redis_url: str) -> None:
    async with open_redis(redis_url, timeout=5) as client:
        cache = redis_cache(client, namespace="one:", timeout=5)
        await cache.set("key", BYTES)

        assert await cache.get("key") == BYTES
        assert await cache.get("other") is None
        assert await client.get("one:r:key") == BYTES


@pytest.mark.parametrize(("ttl", "milliseconds"), [(100, 100_000), (0.5, 500), (90.5, 90_500)])
async def test_a_result_lives_for_as_long_as_its_put_says(
    redis_url: str, ttl: float, milliseconds: int
) -> None:
    async with open_redis(redis_url, timeout=5) as client:
        await redis_cache(client, namespace="", timeout=5).set("key", b"", ttl=ttl)

        assert 0 <= milliseconds - await client.pttl("r:key") <= milliseconds / 2


async def test_no_result_lives_longer_than_the_cache_allows(redis_url: str) -> None:
    async with open_redis(redis_url, timeout=5) as client:
        cache = redis_cache(client, namespace="", timeout=5)
        cache.ttl = 50.0

        await cache.set("key", b"", ttl=1000)

        assert 0 < await client.pttl("r:key") <= 50_000


async def test_clearing_a_source_takes_nothing_of_anybody(redis_url: str) -> None:
    async with open_redis(redis_url, timeout=5) as client:
        cache = redis_cache(client, namespace="one:", timeout=5)
        await cache.set("source/result", b"1")
        await client.set("two:r:source/result", b"2")

        await cache.clear(namespace="source")
        await cache.clear()

        assert await client.dbsize() == 2


async def test_closing_the_cache_leaves_the_client_open(redis_url: str) -> None:
    async with open_redis(redis_url, timeout=5) as client:
        async with redis_cache(client, namespace="", timeout=5) as cache:
            await cache.set("key", BYTES)

        assert await client.ping()


async def test_a_thousand_requests_at_once_share_the_few_connections(redis_url: str) -> None:
    async with open_redis(redis_url, timeout=30, connections=8) as client:
        cache = redis_cache(client, namespace="", timeout=30)
        await cache.set("key", BYTES)

        found = await asyncio.gather(*(cache.get("key") for _ in range(1000)))

        assert found == [BYTES] * 1000
        assert len(await client.client_list()) <= 8


async def test_it_works_over_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "redis.sock"
    with serve_redis(tmp_path / "redis", args=["--unixsocket", str(path)]):
        async with open_redis(f"unix://{path}?db=3", timeout=5) as client:
            cache = redis_cache(client, namespace="", timeout=5)
            await cache.set("key", BYTES)

            assert await cache.get("key") == BYTES
            assert (await client.info("keyspace")).keys() == {"db3"}


async def test_a_server_that_is_back_is_found_again(own_redis: RedisServer) -> None:
    async with open_redis(own_redis.url, timeout=2) as client:
        await client.ping()

        own_redis.stop()
        for _ in range(2):
            with pytest.raises(TierFailed, match="SAFELIGHT_CACHE_REDIS_URL"):
                async with answering(2):
                    await client.ping()
        own_redis.start()

        async with answering(2):
            assert await client.ping()


async def test_a_server_that_hangs_costs_its_timeout_and_no_more(own_redis: RedisServer) -> None:
    async def ask() -> None:
        async with answering(0.3):
            await client.ping()

    async with open_redis(own_redis.url, timeout=0.3, connections=2) as client:
        cache = redis_cache(client, namespace="", timeout=0.3)
        await cache.set("key", BYTES)

        own_redis.freeze()
        start = time.monotonic()
        failures = await asyncio.gather(*(ask() for _ in range(50)), return_exceptions=True)
        with pytest.raises(TimeoutError):
            await cache.get("key")
        with pytest.raises(TimeoutError):
            await cache.set("large", bytes(20_000_000))
        took = time.monotonic() - start
        own_redis.thaw()

        assert {type(failure) for failure in failures} == {TierFailed}
        assert took < 5
        assert await _recovers(lambda: cache.get("key")) == BYTES


async def test_who_asks_again_and_again_ends_whenever_it_is_cancelled(redis_url: str) -> None:
    async def ask(client: Redis) -> None:
        while True:
            async with answering(20):
                await client.ping()

    async with open_redis(redis_url, timeout=20) as client:
        for moment in range(100):
            task = asyncio.create_task(ask(client))
            for _ in range(moment):
                await asyncio.sleep(0)
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=20)

            assert done, f"after {moment} steps"


async def test_leaving_while_the_server_hangs_takes_no_longer(own_redis: RedisServer) -> None:
    async with open_redis(own_redis.url, timeout=0.3) as client:
        cache = redis_cache(client, namespace="", timeout=0.2)
        await client.ping()
        own_redis.freeze()
        with pytest.raises(TimeoutError):
            await cache.set("large", bytes(20_000_000))
        start = time.monotonic()

    assert time.monotonic() - start < 5


async def test_a_wrong_password_is_a_failed_tier_that_keeps_the_password(tmp_path: Path) -> None:
    with serve_redis(tmp_path, args=["--requirepass", "right"]) as server:
        place = f"127.0.0.1:{server.port}"
        async with open_redis(f"redis://:wr0ng@{place}", timeout=5) as client:
            with pytest.raises(TierFailed, match="AuthenticationError") as caught:
                async with answering(5):
                    await client.ping()
        async with open_redis(f"redis://:right@{place}", timeout=5) as client:
            assert await client.ping()

    assert "wr0ng" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:6379",
        "http://:s3cret@host",
        "redis://:s3cret/@host",
        "redis://:s3cret@host:port",
        "redis://:s3cret@[::1",
        "redis://:s3cret@host/pictures",
        "redis://:s3cret@host?decode_responses=true",
        "redis://host?ssl_ca_certs=/ca.pem",
        "redis://host?db=first",
        "unix://",
    ],
)
async def test_what_is_no_url_of_redis_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match=r"^SAFELIGHT_CACHE_REDIS_URL: expected ") as caught:
        async with open_redis(url, timeout=1):
            pass

    assert "s3cret" not in str(caught.value)


def test_a_url_says_all_that_a_connection_needs() -> None:
    plain = read_url("redis://safelight:p%40ss@redis.example:7000/3")
    tls = read_url("rediss://redis.example?ssl_ca_certs=/ca.pem")

    assert plain == {
        "username": "safelight",
        "password": "p@ss",
        "host": "redis.example",
        "port": 7000,
        "db": 3,
    }
    assert tls["connection_class"].__name__ == "SSLConnection"
    assert tls["ssl_ca_certs"] == "/ca.pem"


async def _recovers(ask: Callable[[], Awaitable[bytes]]) -> bytes:
    end = time.monotonic() + 20
    while True:
        try:
            return await ask()
        except (TimeoutError, RedisError):
            if time.monotonic() > end:
                raise
