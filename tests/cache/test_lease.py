"""One holder in the whole fleet, whatever happens to it or to Redis."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import pytest
from redis.asyncio import Redis

from cache.errors import TierFailed
from cache.lease import Lease, Leases
from cache.shared import open_redis
from tests.redis_server import RedisServer

# A node of its own, that does what it reads: it holds the lease, and lets go of it when told.
NODE = """
import asyncio, sys
from cache.lease import Leases
from cache.shared import open_redis

async def main(url, seconds):
    async with open_redis(url, timeout=5) as client:
        async with Leases(client, namespace="", timeout=5, seconds=seconds).held("key") as lease:
            print("held" if lease else "refused", flush=True)
            await asyncio.to_thread(sys.stdin.readline)
    print("released", flush=True)

asyncio.run(main(sys.argv[1], float(sys.argv[2])))
"""


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    async with open_redis(redis_url, timeout=10) as client:
        yield client


def leases_of(client: Redis, *, seconds: float = 10, timeout: float = 10) -> Leases:
    return Leases(client, namespace="", timeout=timeout, seconds=seconds)


async def acquired(leases: Leases) -> Lease:
    """The lease, as soon as nobody else has it."""
    await leases.wait("key", timeout=20)
    lease = await leases.acquire("key")
    assert lease is not None
    return lease


@asynccontextmanager
async def another_node(url: str, *, seconds: float) -> AsyncIterator[Process]:
    """A process that holds the lease of the key, to be killed or frozen."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", NODE, url, str(seconds)), stdin=PIPE, stdout=PIPE
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"held\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


@contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    server.freeze()
    try:
        yield
    finally:
        server.thaw()


async def test_of_two_hundred_at_once_exactly_one_holds_the_lease(client: Redis) -> None:
    leases = leases_of(client)

    found = await asyncio.gather(*(leases.acquire("key") for _ in range(200)))

    held = [lease for lease in found if lease is not None]
    assert len(held) == 1
    await held[0].release()


async def test_other_keys_are_free_and_a_released_one_is_again(client: Redis) -> None:
    leases = leases_of(client)

    async with leases.held("key") as mine, leases.held("other") as too:
        async with leases.held("key") as refused:
            pass
        still = await leases.acquire("key")
    async with leases.held("key") as again:
        pass

    assert mine is not None
    assert too is not None
    assert refused is None
    assert still is None
    assert again is not None


async def test_a_lease_ends_with_its_block_even_if_that_is_cancelled(client: Redis) -> None:
    leases, entered = leases_of(client), asyncio.Event()

    async def hold() -> None:
        async with leases.held("key"):
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(hold())
    await entered.wait()
    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert await client.dbsize() == 0


async def test_waiters_go_on_when_the_holder_is_done(client: Redis) -> None:
    leases = leases_of(client)
    lease = await leases.acquire("key")
    assert lease is not None

    waiters = [asyncio.create_task(leases.wait("key", timeout=20)) for _ in range(20)]
    await asyncio.sleep(0.1)
    waited = not any(waiter.done() for waiter in waiters)
    await lease.release()
    await asyncio.gather(*waiters)

    assert waited


async def test_waiting_for_a_lease_that_is_kept_ends_with_the_timeout(client: Redis) -> None:
    leases = leases_of(client)

    async with leases.held("key"):
        with pytest.raises(TimeoutError, match="expected its lease to end"):
            await leases.wait("key", timeout=0.1)


async def test_a_holder_keeps_its_lease_longer_than_its_life(client: Redis) -> None:
    leases = leases_of(client, seconds=1.5)

    async with leases.held("key"):
        with pytest.raises(TimeoutError):
            await leases.wait("key", timeout=2.5)


async def test_after_a_holder_was_killed_another_takes_over(redis_url: str, client: Redis) -> None:
    async with another_node(redis_url, seconds=2) as node:
        refused = await leases_of(client).acquire("key")
        node.kill()

        lease = await acquired(leases_of(client))

    assert refused is None
    await lease.release()


async def test_a_holder_that_lost_its_lease_does_not_end_that_of_the_next(
    redis_url: str, client: Redis
) -> None:
    async with another_node(redis_url, seconds=2) as node:
        node.send_signal(signal.SIGSTOP)
        lease = await acquired(leases_of(client))
        node.send_signal(signal.SIGCONT)
        printed, _ = await node.communicate(b"\n")

        assert printed == b"released\n"
        assert await leases_of(client).acquire("key") is None
    await lease.release()
    assert await client.dbsize() == 0


async def test_without_redis_the_caller_is_told_and_a_holder_is_not(
    own_redis: RedisServer,
) -> None:
    async with open_redis(own_redis.url, timeout=2) as client:
        leases = leases_of(client, seconds=0.3, timeout=2)

        async with leases.held("key"):
            own_redis.stop()
            with pytest.raises(TierFailed):
                await leases.acquire("key")
            with pytest.raises(TierFailed):
                await leases.wait("key", timeout=5)
            await asyncio.sleep(0.3)
        own_redis.start()

        async with leases.held("key") as lease:
            assert lease is not None


async def test_a_redis_that_hangs_holds_nobody_up_for_longer_than_the_timeout(
    own_redis: RedisServer,
) -> None:
    async with open_redis(own_redis.url, timeout=0.3) as client:
        leases = leases_of(client, seconds=0.5, timeout=0.3)
        lease = await leases.acquire("key")
        assert lease is not None

        with frozen(own_redis):
            start = time.monotonic()
            with pytest.raises(TierFailed):
                await leases.acquire("other")
            with pytest.raises(TierFailed):
                await leases.wait("key", timeout=10)
            await lease.release()
            took = time.monotonic() - start

        assert took < 5
        # What reached Redis while it hung is done late, and runs out.
        await (await acquired(leases)).release()
