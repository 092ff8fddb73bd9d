"""Redis and S3 as tiers: killed, frozen, slow, cut, refusing, away. No client notices."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import FaultProxyThread, Faults, Flow, fault_proxy_thread
from tests.redis_server import serve_redis
from tests.s3 import S3Server
from tests.system.server import Server
from tests.system.tiers import Gallery, Round, counts, gate_to, results
from tests.system.tiers import gallery as gallery

# Longer than any tier may take in one request, and far from the server's own deadline.
SLOWEST = 6.0
# Two words with Redis in vain, or a third of one with S3.
KNOWN_TO_BE_SLOW = 0.6
OPENS_AFTER = 5
AT_ONCE = 8
COUNT = 12

SHORT = Flow(close_after=2000)
SLOW, SILENT, RESET = Flow(latency=2.5), Flow(stall_after=0), Flow(reset_after=2000)


@dataclass(frozen=True)
class Site:
    """A server, and the way from it to what its only tier is made of."""

    server: Server
    proxy: FaultProxyThread
    tier: str


@dataclass(frozen=True)
class Suffering:
    """What clients and the tier went through: two rounds of the same requests."""

    rounds: list[Round]
    counts: Counter[str]

    @property
    def troubles(self) -> int:
        return self.counts["failed"] + self.counts["timeout"]


@pytest.fixture(scope="module")
def redis_site(gallery: Gallery, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("redis")
    with (
        serve_redis(folder / "redis") as redis,
        fault_proxy_thread("127.0.0.1", redis.port) as proxy,
        gallery.serving(folder, CACHE_REDIS_URL=proxy.url("redis"), POINTER_TTL=1) as server,
    ):
        yield Site(server, proxy, "redis")


@pytest.fixture(scope="module")
def s3_site(
    gallery: Gallery, s3_server: S3Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    settings = {"CACHE_RESULTS": f"s3://{s3_server.new_bucket()}/results"}
    with (
        fault_proxy_thread("127.0.0.1", int(s3_server.url.rsplit(":", 1)[1])) as proxy,
        gallery.serving(
            tmp_path_factory.mktemp("s3"),
            more=s3_server.environment,
            S3_ENDPOINT=proxy.url("http"),
            **settings,
        ) as server,
    ):
        yield Site(server, proxy, "objects")


@contextmanager
def suffering(proxy: FaultProxyThread, flow: Flow) -> Iterator[None]:
    """While this happens to what comes from the other side."""
    proxy.faults = Faults(to_client=flow)
    try:
        yield
    finally:
        proxy.faults = Faults()


def suffer(gallery: Gallery, server: Server, tier: str, paths: list[str]) -> Suffering:
    """Ask twice for all while something is wrong with the tier."""
    before = counts(server, tier)
    rounds = [gallery.ask(server, paths, at_once=AT_ONCE) for _ in range(2)]
    return Suffering(rounds, counts(server, tier) - before)


@pytest.mark.parametrize(
    ("stop", "start"), [("stop", "start"), ("freeze", "thaw")], ids=["killed", "frozen"]
)
def test_a_redis_that_is_stopped_and_started_again_is_left_alone_and_used_again(
    gallery: Gallery, tmp_path: Path, stop: str, start: str
) -> None:
    kept, new = results(40, count=COUNT), results(41, count=COUNT)
    with (
        serve_redis(tmp_path / "redis") as redis,
        gallery.serving(tmp_path, CACHE_REDIS_URL=redis.url, POINTER_TTL=1) as server,
    ):
        gallery.wait_for_hits(server, "redis", kept)

        getattr(redis, stop)()
        suffered = suffer(gallery, server, "redis", [*kept, *new])
        getattr(redis, start)()
        gallery.wait_for_hits(server, "redis", [*kept, *new])

    assert [each.tiers for each in suffered.rounds] == [{"none": 2 * COUNT}] * 2
    assert max(each.slowest for each in suffered.rounds) < SLOWEST
    assert suffered.rounds[1].usual < KNOWN_TO_BE_SLOW
    assert suffered.troubles >= OPENS_AFTER
    assert suffered.counts["skipped"] > suffered.troubles


@pytest.mark.parametrize(
    ("height", "flow"),
    [(50, SLOW), (52, SILENT), (54, RESET), (56, SHORT)],
    ids=["slow", "silent", "reset", "truncated"],
)
def test_a_redis_that_answers_badly_costs_no_answer(
    gallery: Gallery, redis_site: Site, height: int, flow: Flow
) -> None:
    kept, new = results(height, count=COUNT), results(height + 1, count=COUNT)
    gallery.wait_for_hits(redis_site.server, "redis", kept)

    with suffering(redis_site.proxy, flow):
        suffered = suffer(gallery, redis_site.server, "redis", [*kept, *new])
    gallery.wait_for_hits(redis_site.server, "redis", [*kept, *new])

    assert max(each.slowest for each in suffered.rounds) < SLOWEST
    assert suffered.rounds[1].usual < KNOWN_TO_BE_SLOW
    assert OPENS_AFTER <= suffered.troubles < suffered.counts["skipped"]
    assert suffered.counts["corrupt"] == 0


@pytest.mark.parametrize(
    ("height", "flow"),
    [(60, SLOW), (62, SILENT), (64, RESET), (66, SHORT)],
    ids=["slow", "silent", "reset", "truncated"],
)
def test_a_store_of_results_that_answers_badly_costs_no_answer(
    gallery: Gallery, s3_site: Site, height: int, flow: Flow
) -> None:
    kept, new = results(height, count=COUNT), results(height + 1, count=COUNT)
    gallery.wait_for_hits(s3_site.server, "objects", kept)

    with suffering(s3_site.proxy, flow):
        suffered = suffer(gallery, s3_site.server, "objects", [*kept, *new])
    gallery.wait_for_hits(s3_site.server, "objects", [*kept, *new])

    assert max(each.slowest for each in suffered.rounds) < SLOWEST
    assert OPENS_AFTER <= suffered.troubles < suffered.counts["skipped"]
    assert suffered.counts["corrupt"] == 0


def test_a_store_of_results_that_says_503_costs_no_answer(
    gallery: Gallery, s3_server: S3Server, tmp_path: Path
) -> None:
    kept, new = results(70, count=COUNT), results(71, count=COUNT)
    settings = {"CACHE_RESULTS": f"s3://{s3_server.new_bucket()}/results"}
    with (
        gate_to(s3_server.url) as gate,
        gallery.serving(
            tmp_path, more=s3_server.environment, S3_ENDPOINT=gate.url, **settings
        ) as server,
    ):
        gallery.wait_for_hits(server, "objects", kept)

        gate.closed = True
        suffered = suffer(gallery, server, "objects", [*kept, *new])
        gate.closed = False
        gallery.wait_for_hits(server, "objects", [*kept, *new])

    assert gate.refused >= OPENS_AFTER
    assert [each.tiers for each in suffered.rounds] == [{"none": 2 * COUNT}] * 2
    assert OPENS_AFTER <= suffered.troubles < suffered.counts["skipped"]


def test_tiers_that_are_away_at_the_start_are_used_when_they_come(
    gallery: Gallery, s3_server: S3Server, tmp_path: Path
) -> None:
    paths = results(80, count=COUNT)
    with (
        serve_redis(tmp_path / "redis") as redis,
        fault_proxy_thread("127.0.0.1", int(s3_server.url.rsplit(":", 1)[1])) as proxy,
    ):
        redis.stop()
        proxy.faults = Faults(refuse=True)
        settings = {
            "CACHE_REDIS_URL": redis.url,
            "S3_ENDPOINT": proxy.url("http"),
            "CACHE_RESULTS": f"s3://{s3_server.new_bucket()}/results",
        }
        with gallery.serving(tmp_path, more=s3_server.environment, **settings) as server:
            alone = gallery.ask(server, paths)

            redis.start()
            gallery.wait_for_hits(server, "redis", paths)
            proxy.faults = Faults()
            redis.stop()
            gallery.wait_for_hits(server, "objects", paths)

    assert alone.tiers == {"none": COUNT}
