"""The tier in an object store behind a bad network: late, nothing, or right; never wrong bytes."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from cache.entry import Entry, pack, unpack
from cache.errors import CorruptEntry, TierFailed
from cache.objects import ObjectCache, ObjectsTimeoutError
from origin.objects import open_objects
from tests.faults import FaultProxy, Faults, Flow, fault_proxy
from tests.s3 import S3Server
from tests.s3 import s3 as s3
from tests.s3 import s3_server as s3_server

KEY = f"{'5a' * 16}/{'c0' * 32}"
ENTRY = Entry(bytes(range(256)) * 4096, "image/png", "png", 1, 1, 1, 1, 1, "png", 1.0)
FRAME = pack(KEY, ENTRY)
_HURRIED = 0.5
_AT_MOST = 8.0
"""How long a hurried call may take on a machine that is busy with other things."""


@pytest.fixture
async def proxy(s3: S3Server) -> AsyncIterator[FaultProxy]:
    target = urlsplit(s3.url)
    async with fault_proxy(target.hostname or "", target.port or 0) as proxy:
        yield proxy


@pytest.fixture
def bucket(s3: S3Server) -> str:
    return s3.new_bucket()


@pytest.fixture
async def objects(proxy: FaultProxy, bucket: str) -> AsyncIterator[ObjectCache]:
    async with _opened(proxy, bucket, timeout=20.0) as objects:
        yield objects


@pytest.fixture
async def hurried(proxy: FaultProxy, bucket: str) -> AsyncIterator[ObjectCache]:
    async with _opened(proxy, bucket, timeout=_HURRIED) as objects:
        yield objects


@asynccontextmanager
async def _opened(proxy: FaultProxy, bucket: str, *, timeout: float) -> AsyncIterator[ObjectCache]:  # noqa: ASYNC109
    async with open_objects(
        bucket,
        "r",
        endpoint=proxy.url("http"),
        region=None,
        timeout=timeout,
        connections=4,
        max_entry_bytes=2 * len(FRAME),
    ) as cache:
        yield cache


@pytest.mark.parametrize(
    "flow",
    [
        pytest.param(Flow(latency=0.1, jitter=0.05), id="late"),
        pytest.param(Flow(bandwidth=4_000_000), id="thin"),
        pytest.param(Flow(slices=1000), id="sliced"),
    ],
)
async def test_a_slow_network_changes_no_byte(
    proxy: FaultProxy, objects: ObjectCache, flow: Flow
) -> None:
    proxy.faults = Faults(to_server=flow, to_client=flow)

    await objects.set(KEY, FRAME)
    frame = await objects.get(KEY)

    assert frame == FRAME


@pytest.mark.parametrize("after", [0, 100, 500_000])
async def test_a_read_that_stalls_ends_in_time(
    s3: S3Server, bucket: str, proxy: FaultProxy, hurried: ObjectCache, after: int
) -> None:
    s3.put(bucket, f"r/{KEY}", FRAME)
    proxy.faults = Faults(to_client=Flow(stall_after=after))
    began = time.monotonic()

    with pytest.raises(ObjectsTimeoutError, match=r"SAFELIGHT_CACHE_RESULTS.*within 0.5 s"):
        await hurried.get(KEY)

    assert time.monotonic() - began < _AT_MOST


@pytest.mark.parametrize("after", [0, 100, 500_000])
async def test_a_write_that_stalls_ends_in_time(
    proxy: FaultProxy, hurried: ObjectCache, after: int
) -> None:
    proxy.faults = Faults(to_server=Flow(stall_after=after))
    began = time.monotonic()

    with pytest.raises(ObjectsTimeoutError):
        await hurried.set(KEY, FRAME)

    assert time.monotonic() - began < _AT_MOST


async def test_a_network_too_thin_for_the_deadline_fails_in_time(
    s3: S3Server, bucket: str, proxy: FaultProxy, hurried: ObjectCache
) -> None:
    s3.put(bucket, f"r/{KEY}", FRAME)
    proxy.faults = Faults(to_client=Flow(bandwidth=50_000))
    began = time.monotonic()

    with pytest.raises(ObjectsTimeoutError):
        await hurried.get(KEY)

    assert time.monotonic() - began < _AT_MOST


@pytest.mark.parametrize("after", [100, 500_000])
@pytest.mark.parametrize("fault", ["reset_after", "close_after"])
async def test_a_read_that_is_cut_fails(
    proxy: FaultProxy, objects: ObjectCache, fault: str, after: int
) -> None:
    await objects.set(KEY, FRAME)
    proxy.faults = Faults(to_client=Flow(**{fault: after}))

    with pytest.raises(TierFailed):
        await objects.get(KEY)

    proxy.faults = Faults()
    assert await objects.get(KEY) == FRAME


@pytest.mark.parametrize("after", [0, 500_000])
@pytest.mark.parametrize("fault", ["reset_after", "close_after"])
async def test_a_write_that_is_cut_leaves_nothing_that_reads_as_a_result(
    proxy: FaultProxy, objects: ObjectCache, fault: str, after: int
) -> None:
    proxy.faults = Faults(to_server=Flow(**{fault: after}))

    with pytest.raises(TierFailed):
        await objects.set(KEY, FRAME)

    proxy.faults = Faults()
    left = await objects.get(KEY)
    if left is not None:
        with pytest.raises(CorruptEntry):
            unpack(KEY, left)
    assert await objects.set(KEY, FRAME)


async def test_a_store_that_went_away_is_used_again_when_it_is_back(
    proxy: FaultProxy, objects: ObjectCache
) -> None:
    await objects.set(KEY, FRAME)
    proxy.faults = Faults(refuse=True)
    proxy.cut()
    for call in (objects.get(KEY), objects.set(KEY, FRAME), objects.delete(KEY)):
        with pytest.raises(TierFailed, match="EndpointConnectionError"):
            await call
    proxy.faults = Faults()

    frame = await objects.get(KEY)

    assert frame == FRAME
