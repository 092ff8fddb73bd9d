"""What a purge reports of each tier and node, and what stays of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path

import pytest

from cache.bus import PurgeBus
from cache.key import source_name
from cache.purge_file import PurgeFile
from cache.purges import Purge, Purges, Scope
from cache.shared import open_redis
from origin.afterwards import Afterwards
from origin.purging import Purger
from origin.sources.errors import SourceReferenceError
from origin.tags import source_tag
from tests.cache.unsteady import Stack, an_entry
from tests.origin.live import until
from tests.redis_server import RedisServer, serve_redis

CAT = "local:///cat.jpg"
KEY = f"{source_name(CAT)}/{'a' * 64}"


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with serve_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
async def afterwards() -> AsyncIterator[Afterwards]:
    afterwards = Afterwards()
    yield afterwards
    await afterwards.close(within=0)


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    stack = Stack()
    await stack.tiers.put(KEY, an_entry())
    await until(lambda: all(KEY in cache._cache for cache in stack.caches.values()))
    yield stack
    await stack.tiers.close()


Make = Callable[..., Purger]


@pytest.fixture
def purger_of(stack: Stack, afterwards: Afterwards) -> Make:
    def make(
        node: str = "a", *, file: PurgeFile | None = None, bus: PurgeBus | None = None
    ) -> Purger:
        return Purger(Purges(), stack.tiers, file, bus, afterwards, node, 60.0)

    return make


@asynccontextmanager
async def listening(redis: RedisServer, make: Make, *names: str) -> AsyncIterator[list[Purger]]:
    """Nodes that hear of each other's purges, of which each has a client of its own."""
    async with AsyncExitStack() as stack:
        purgers = []
        for name in names:
            client = await stack.enter_async_context(open_redis(redis.url, timeout=5))
            bus = PurgeBus(client, node=name, namespace="", timeout=5)
            purger = make(name, bus=bus)
            task = asyncio.create_task(bus.run(purger.hear))
            stack.push_async_callback(ended, task)
            purgers.append(purger)
        await until(lambda: all(name.encode() in nodes(redis) for name in names))
        yield purgers


async def ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def nodes(redis: RedisServer) -> bytes:
    return redis.ask("ZRANGE", "nodes", "0", "-1")


async def test_a_source_is_dropped_from_every_tier_but_redis_where_nothing_asks_for_it(
    purger_of: Make, stack: Stack
) -> None:
    report = await purger_of().purge("source", CAT)

    assert report.tiers == {
        "memory": "dropped",
        "disk": "dropped",
        "redis": "hidden",
        "objects": "dropped",
    }
    assert (report.reached, report.missing, report.complete) == (("a",), (), True)
    assert (report.scope, report.name, report.within_s) == ("source", CAT, 60)
    assert report.tags == (source_tag(CAT),)
    assert [await stack.caches[name].exists(KEY) for name in report.tiers] == [
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(("scope", "tags"), [("prefix", ()), ("tag", ("shop",))])
async def test_what_a_prefix_or_tag_covers_is_hidden_in_every_tier(
    purger_of: Make, stack: Stack, scope: Scope, tags: tuple[str, ...]
) -> None:
    report = await purger_of().purge(scope, "shop")

    assert set(report.tiers.values()) == {"hidden"}
    assert (report.complete, report.tags) == (True, tags)
    assert await stack.caches["disk"].exists(KEY)


@pytest.mark.parametrize("tier", ["memory", "disk", "objects"])
async def test_a_tier_that_cannot_delete_is_told_and_the_others_do(
    purger_of: Make, stack: Stack, tier: str
) -> None:
    stack.caches[tier].mood = "broken"

    report = await purger_of().purge("source", CAT)

    assert report.tiers[tier] == "failed"
    assert not report.complete
    assert [name for name, state in report.tiers.items() if state == "failed"] == [tier]


async def test_a_bucket_that_takes_long_is_not_waited_for(purger_of: Make, stack: Stack) -> None:
    stack.caches["objects"].mood = "hanging"
    async with asyncio.timeout(4):
        report = await purger_of().purge("source", CAT)

    assert report.tiers["objects"] == "hidden"
    assert report.complete


async def test_a_bucket_that_failed_is_tried_again(
    purger_of: Make, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("origin.purging._PAUSES", (0.05, 0.05))
    stack.caches["objects"].mood = "broken"
    report = await purger_of().purge("source", CAT)
    assert report.tiers["objects"] == "failed"

    stack.caches["objects"].mood = "well"

    await until(lambda: KEY not in stack.caches["objects"]._cache)


async def test_a_source_has_one_name_however_it_is_spelt(purger_of: Make) -> None:
    purger = purger_of()

    report = await purger.purge("source", "LOCAL:///cat.jpg")

    assert report.name == CAT
    assert purger.purges.of_source(CAT) == report.generation > 0


async def test_what_names_no_source_is_refused_and_purges_nothing(purger_of: Make) -> None:
    purger = purger_of()

    with pytest.raises(SourceReferenceError):
        await purger.purge("source", "cat.jpg")

    assert not list(purger.purges.all())


async def test_a_later_purge_has_a_later_generation(purger_of: Make) -> None:
    purger = purger_of()

    generations = [(await purger.purge("tag", "shop")).generation for _ in range(5)]

    assert generations == sorted(set(generations))


async def test_a_purge_is_on_the_disk_when_it_is_answered(purger_of: Make, tmp_path: Path) -> None:
    report = await purger_of(file=PurgeFile(tmp_path / "purges.log")).purge("source", CAT)

    again = Purges()
    await PurgeFile(tmp_path / "purges.log").load(again)
    assert again.of_source(CAT) == report.generation


async def test_every_node_hears_of_a_purge_and_is_named(
    redis: RedisServer, purger_of: Make
) -> None:
    redis.ask("FLUSHALL")
    async with listening(redis, purger_of, "a", "b", "c") as (a, b, c):
        report = await b.purge("source", CAT)

        assert (report.reached, report.missing) == (("a", "b", "c"), ())
        assert report.complete
        generations = [purger.purges.of_source(CAT) for purger in (a, b, c)]
        assert generations == [report.generation] * 3


async def test_a_node_that_does_not_answer_is_missing(redis: RedisServer, purger_of: Make) -> None:
    redis.ask("FLUSHALL")
    async with listening(redis, purger_of, "a") as (a,):
        now = int(redis.ask("TIME").split(b"\r\n")[2])
        redis.ask("ZADD", "nodes", str(now), "gone")

        report = await a.purge("tag", "shop")

    assert (report.reached, report.missing, report.complete) == (("a",), ("gone",), False)


async def test_without_redis_all_the_nodes_behind_it_are_missing(
    tmp_path: Path, purger_of: Make
) -> None:
    with serve_redis(tmp_path) as redis:
        async with listening(redis, purger_of, "a") as (a,):
            redis.stop()

            report = await a.purge("source", CAT)

    assert report.reached == ("a",)
    assert report.missing == ("the nodes behind SAFELIGHT_CACHE_REDIS_URL",)
    assert not report.complete
    assert a.purges.of_source(CAT) == report.generation


async def test_what_is_heard_is_kept_and_deleted_once_and_only_where_it_is_this_nodes_own(
    purger_of: Make, stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "purges.log"
    purger = purger_of(file=PurgeFile(file))
    purge = Purge("source", CAT, 1_700_000_000_000)

    purger.hear(purge)
    purger.hear(purge)

    await until(lambda: KEY not in stack.caches["disk"]._cache)
    assert await stack.caches["memory"].get(KEY) is None
    assert await stack.caches["objects"].exists(KEY)
    with closing(file.open()) as lines:
        assert len(lines.readlines()) == 1
