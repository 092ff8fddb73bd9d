"""The caches of one server, opened with every combination of tiers, and left without a trace."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from collections.abc import AsyncIterator, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from cache.purges import Purges
from origin.caching import Caches, node_name, open_caches
from origin.errors import Deadline, Overloaded, WorkerCrashed
from origin.settings import Settings, read_settings
from origin.sources.errors import SourceChanged, SourceTooLarge, SourceUnavailable
from origin.sources.local import LocalFolder
from origin.sources.router import Sources
from origin.variants import failure_seconds
from tests.cache.unsteady import an_entry
from tests.origin.live import until
from tests.origin.sources.web_server import descriptors
from tests.redis_server import RedisServer, serve_redis
from tests.s3 import S3Server, isolate_aws, serve_s3
from transforms.errors import BrokenSource, EngineError, LimitExceeded, UnsupportedSource

ALL = ("memory", "disk", "redis", "objects")
COMBINATIONS = [
    tuple(name for name, there in zip(ALL, chosen, strict=True) if there)
    for chosen in product((True, False), repeat=4)
]
KEY = f"{'5' * 32}/{'a' * 64}"
CAT = "local:///cat.jpg"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with serve_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    """The folder of pictures; whatever was opened in between is closed again after the test."""
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.jpg").write_bytes(b"a picture")
    files = descriptors()
    yield tmp_path
    gc.collect()
    async with asyncio.timeout(10):
        await until(lambda: len(asyncio.all_tasks()) == 1 and descriptors() <= files)


def settings_of(
    folder: Path,
    tiers: tuple[str, ...],
    *,
    redis_url: str = "",
    endpoint: str = "",
    bucket: str = "results",
    **more: Any,
) -> Settings:
    chosen: dict[str, Any] = {"cache_memory_mb": 8 if "memory" in tiers else 0}
    if "disk" in tiers:
        chosen["cache_disk_dir"] = folder / "disk"
    if "redis" in tiers:
        chosen["cache_redis_url"] = redis_url
    if "objects" in tiers:
        chosen["cache_results"] = f"s3://{bucket}/results"
        chosen["s3_endpoint"] = endpoint
    return read_settings(unsafe=True, node="a", **chosen, **more)


def sources_in(folder: Path) -> Sources:
    return Sources({"local": {"": LocalFolder(folder / "pictures")}})


@pytest.mark.parametrize("tiers", COMBINATIONS, ids=lambda tiers: "-".join(tiers) or "none")
async def test_every_combination_of_tiers_keeps_and_purges_and_leaves_nothing_open(
    environment: pytest.MonkeyPatch,
    redis: RedisServer,
    store: S3Server,
    folder: Path,
    tiers: tuple[str, ...],
) -> None:
    redis.ask("FLUSHALL")
    isolate_aws(environment, store.environment)
    bucket = store.new_bucket()
    settings = settings_of(folder, tiers, redis_url=redis.url, endpoint=store.url, bucket=bucket)
    async with open_caches(settings, sources_in(folder), Purges()) as caches:
        stored = await caches.tiers.put(KEY, an_entry())
        assert await stored.shared(within=20)
        if tiers:
            await until(lambda: caches.tiers.counts()[tiers[0]].get("stored", 0) == 1)
        first = await caches.tiers.get(KEY)
        pointer = await caches.pointers.get(CAT)
        report = await caches.purger.purge("source", CAT)

        assert caches.tiers.names == tiers
        assert first.tier == (tiers[0] if tiers else None)
        assert pointer.validator is not None
        assert (set(report.tiers), report.complete) == (set(tiers), True)
        assert caches.purges.of_source(CAT) == report.generation
        assert (caches.leases is not None) == ("redis" in tiers)
        assert (caches.written_behind is not None) == ("objects" in tiers)
        assert set(caches.facts()["tiers"]) == set(tiers)

    async with open_caches(settings, sources_in(folder), Purges()) as caches:
        lasting = [name for name in tiers if name != "memory"]
        assert (await caches.tiers.get(KEY)).tier == (lasting[0] if lasting else None)
        remembers = "disk" in tiers or "redis" in tiers
        assert caches.purges.of_source(CAT) == (report.generation if remembers else 0)


async def test_tiers_that_are_away_are_no_reason_not_to_start(
    environment: pytest.MonkeyPatch, store: S3Server, folder: Path
) -> None:
    isolate_aws(environment, store.environment)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    settings = settings_of(
        folder,
        ALL,
        redis_url=f"redis://127.0.0.1:{port}/0",
        endpoint=f"http://127.0.0.1:{port}",
    )
    async with asyncio.timeout(30), open_caches(settings, sources_in(folder), Purges()) as caches:
        stored = await caches.tiers.put(KEY, an_entry())
        report = await caches.purger.purge("source", CAT)

        assert (await caches.tiers.get(KEY)).tier == "memory"
        assert not await stored.shared(within=20)
        assert (await caches.pointers.get(CAT)).validator is not None
        assert report.missing == ("the nodes behind SAFELIGHT_CACHE_REDIS_URL",)


async def test_what_was_begun_is_ended_when_the_caches_close(
    environment: pytest.MonkeyPatch, folder: Path
) -> None:
    ended: list[str] = []

    async def work(name: str, seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            ended.append(name)

    settings = settings_of(folder, ("memory",))
    async with open_caches(settings, sources_in(folder), Purges()) as caches:
        caches.afterwards.begin(work("afterwards", 0.2))
        flight = asyncio.create_task(_flight(caches, work("flight", 600)))
        await until(lambda: len(caches.flights) == 1)

    await asyncio.gather(flight, return_exceptions=True)
    assert sorted(ended) == ["afterwards", "flight"]


async def _flight(caches: Caches, work: Any) -> None:
    async def make(_: object) -> Any:
        await work

    await caches.flights.run("key", make)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache_results", "results"),
        ("cache_results", "s3://bucket/../x"),
        ("cache_redis_url", "http://redis"),
        ("cache_disk_dir", "pictures/cat.jpg"),
    ],
)
async def test_a_setting_that_cannot_be_used_is_named_and_nothing_stays_open(
    environment: pytest.MonkeyPatch, folder: Path, name: str, value: str
) -> None:
    environment.chdir(folder)
    settings = read_settings(**{"unsafe": True, "cache_disk_dir": folder / "disk", name: value})

    with pytest.raises(ValueError, match=f"SAFELIGHT_{name.upper()}"):
        async with open_caches(settings, sources_in(folder), Purges()):
            pass


def test_a_node_is_called_as_it_is_told_or_by_its_host_and_port(
    environment: pytest.MonkeyPatch,
) -> None:
    host = socket.gethostname()

    assert node_name(read_settings(unsafe=True, node="web-1")) == "web-1"
    assert node_name(read_settings(unsafe=True, port=8090)) == f"{host}:8090"
    assert node_name(read_settings(unsafe=True, port=0)) == f"{host}:{os.getpid()}"


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (SourceChanged("a", expected="1"), 0),
        (Overloaded("no room"), 0),
        (BrokenSource("cut"), 7),
        (UnsupportedSource("what is it"), 7),
        (LimitExceeded("too many pixels"), 7),
        (SourceTooLarge("a", size=2, limit=1), 7),
        (EngineError("libvips"), 1),
        (SourceUnavailable("reset"), 1),
        (WorkerCrashed("killed"), 1),
        (Deadline("late"), 1),
        (RuntimeError("unforeseen"), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_remembered_for_as_long_as_it_is_likely_to_last(
    error: Exception, seconds: float
) -> None:
    assert failure_seconds(error, negative_ttl=7) == seconds
