"""Every wait for S3 has an end, and one bucket's waits are not another's."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

import pytest
from botocore.exceptions import (  # type: ignore[import-untyped]
    ConnectTimeoutError,
    ReadTimeoutError,
)

from origin.sources.errors import SourceBusy, SourceTimeout, SourceUnavailable
from origin.sources.router import Sources, open_sources
from tests.faults import FaultProxy, Faults, Flow, fault_proxy
from tests.origin.sources.impostor import SILENCE, found
from tests.origin.sources.web_server import WebServer, serve_web, until
from tests.s3 import S3Server, isolate_aws

MB = 1 << 20
# What a machine with other things to do may add.
SLACK = 8.0


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebServer]:
    """Answers by bucket and key, as a store with /bucket/key does."""
    isolate_aws(monkeypatch, S3Server("", "AKIATEST000000000000", "s" * 40, Path()).environment)
    async with serve_web() as server:
        server.put("fine/a.jpg", b"fine")
        server.will("/stuck/silent.jpg", SILENCE)
        server.will("/stuck/stalls.jpg", found(b"x" * 10, length=1000, then="hang"))
        server.put("stuck/long.jpg", b"x" * 20_000)
        yield server


def opened(
    port: int, *, timeout: float, buckets: tuple[str, ...] = ("stuck", "fine")
) -> AbstractAsyncContextManager[Sources]:
    return open_sources(s3_buckets=buckets, s3_endpoint=f"http://127.0.0.1:{port}", timeout=timeout)


@asynccontextmanager
async def between(store: WebServer) -> AsyncIterator[tuple[FaultProxy, Sources]]:
    """A bad network between the store and sources with some patience."""
    async with (
        fault_proxy("127.0.0.1", store.port) as proxy,
        opened(proxy.port, timeout=2.0) as sources,
    ):
        yield proxy, sources


def descriptors() -> Counter[str]:
    """Sockets and files that are open, by kind."""
    kinds: Counter[str] = Counter()
    for name in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            kinds[os.readlink(f"/proc/self/fd/{name}").partition(":")[0]] += 1
    return kinds


async def test_a_connection_that_is_never_accepted_ends_long_before_the_whole(
    store: WebServer,
) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        # The queue is full after these, and whoever comes then gets no word.
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            async with opened(port, timeout=20.0) as sources:
                with pytest.raises(SourceTimeout) as raised:
                    await sources.stat("s3://stuck/a.jpg")
        finally:
            for filler in fillers:
                filler.close()

    assert isinstance(raised.value.__cause__, ConnectTimeoutError)


async def test_a_store_that_accepts_and_never_answers_ends_at_the_timeout(
    store: WebServer,
) -> None:
    async with between(store) as (proxy, sources):
        proxy.faults = Faults(to_client=Flow(stall_after=0))

        async with asyncio.timeout(2.0 + SLACK):
            with pytest.raises(SourceTimeout):
                await sources.fetch("s3://fine/a.jpg", max_bytes=MB)

        proxy.faults = Faults()
        assert (await sources.fetch("s3://fine/a.jpg", max_bytes=MB)).data == b"fine"


async def test_silence_in_mid_body_ends_before_the_whole(store: WebServer) -> None:
    async with opened(store.port, timeout=6.0) as sources:
        with pytest.raises(SourceTimeout) as raised:
            await sources.fetch("s3://stuck/stalls.jpg", max_bytes=MB)

    assert isinstance(raised.value.__cause__, ReadTimeoutError)


async def test_a_body_that_drips_is_never_silent_and_ends_at_the_timeout(
    store: WebServer,
) -> None:
    async with between(store) as (proxy, sources):
        proxy.faults = Faults(to_client=Flow(bandwidth=500))
        began = time.monotonic()

        with pytest.raises(SourceTimeout):
            await sources.fetch("s3://stuck/long.jpg", max_bytes=MB)

        assert time.monotonic() - began < 2.0 + SLACK
        assert 0 < proxy.counts.bytes_to_client < 20_000
        # The one request: there was no second attempt, as there was no silence.
        assert store.asked == ["GET /stuck/long.jpg"]


@pytest.mark.parametrize("key", ["silent.jpg", "stalls.jpg"])
async def test_a_stuck_bucket_leaves_the_others_of_the_same_client_alone(
    store: WebServer, key: str
) -> None:
    before = descriptors()
    async with opened(store.port, timeout=4.0) as sources:
        stuck = [
            asyncio.create_task(sources.fetch(f"s3://stuck/{key}", max_bytes=MB)) for _ in range(64)
        ]
        await until(lambda: sources.facts()["s3://stuck"]["in_use"] == 32)
        await until(lambda: len(store.asked) >= 32)

        async with asyncio.timeout(1.0):  # a quarter of it is what a full bucket would cost
            blob = await sources.fetch("s3://fine/a.jpg", max_bytes=MB)
        ends = Counter(type(end) for end in await asyncio.gather(*stuck, return_exceptions=True))

        assert blob.data == b"fine"
        del blob
        assert ends == {SourceTimeout: 32, SourceBusy: 32}
        facts = sources.facts()
        assert (facts["s3://stuck"]["state"], facts["s3://fine"]["state"]) == ("open", "closed")
        assert facts["s3://stuck"]["in_use"] == facts["s3://stuck"]["waiting"] == 0
        with pytest.raises(SourceUnavailable, match="left alone"):
            await sources.stat("s3://stuck/any.jpg")
        # One connection is kept for the next who asks.
        await until(lambda: store.open <= 1)
    await until(lambda: descriptors() == before)


async def test_callers_who_leave_a_stuck_bucket_at_random_leave_nothing_behind(
    store: WebServer,
) -> None:
    before = descriptors()
    async with opened(store.port, timeout=20.0) as sources:

        async def ask_and_leave(number: int) -> None:
            key = ("stuck/silent.jpg", "stuck/stalls.jpg", "fine/a.jpg")[number % 3]
            with suppress(TimeoutError):
                async with asyncio.timeout(number % 97 / 100):
                    await sources.fetch(f"s3://{key}", max_bytes=MB)

        await asyncio.gather(*map(ask_and_leave, range(600)))

        assert {(one["in_use"], one["waiting"]) for one in sources.facts().values()} == {(0, 0)}
        assert (await sources.fetch("s3://fine/a.jpg", max_bytes=MB)).data == b"fine"
        await until(lambda: store.open <= 32)
    await until(lambda: descriptors() == before)
