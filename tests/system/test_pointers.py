"""What is known of sources: how soon a change is seen, and what is served while none can be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import FaultProxyThread, Faults, Flow, fault_proxy_thread
from tests.origin.sources.impostor import Answer
from tests.origin.sources.web_server import WebServer
from tests.redis_server import RedisServer, serve_redis
from tests.s3 import S3Server
from tests.system.nodes import (
    BLUE,
    RED,
    Colour,
    Fleet,
    Node,
    colour_of,
    is_hit,
    picture,
    until,
    web_thread,
)

TTL = 2.0
KINDS = ("local", "s3", "http")
SILENT = Answer(0, (), then="hang")


@dataclass(frozen=True)
class Place:
    """A running node and all that its sources lie in."""

    node: Node
    fleet: Fleet
    web: WebServer
    proxy: FaultProxyThread
    """Between the node and the object store."""

    def put(self, kind: str, name: str, colour: Colour) -> str:
        """The reference that names it."""
        if kind == "s3":
            return self.fleet.put(name, colour)
        if kind == "http":
            self.web.put(name, picture(colour))
            return f"http://127.0.0.1:{self.web.port}/{name}"
        part = self.fleet.pictures / f"{name}.part"
        part.write_bytes(picture(colour))
        part.replace(self.fleet.pictures / name)
        return f"local:///{name}"

    def remove(self, kind: str, name: str) -> None:
        if kind == "s3":
            self.fleet.store.remove(self.fleet.sources, name)
        elif kind == "http":
            del self.web.answers[f"/{name}"]
        else:
            (self.fleet.pictures / name).unlink()


@pytest.fixture(scope="module")
def web() -> Iterator[WebServer]:
    with web_thread() as server:
        yield server


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with serve_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultProxyThread]:
    host, _, port = s3_server.url.removeprefix("http://").partition(":")
    with fault_proxy_thread(host, int(port)) as proxy:
        yield proxy


@pytest.fixture(scope="module")
def place(
    tmp_path_factory: pytest.TempPathFactory,
    s3_server: S3Server,
    web: WebServer,
    proxy: FaultProxyThread,
) -> Iterator[Place]:
    fleet = Fleet(tmp_path_factory.mktemp("place"), s3_server, endpoint=proxy.url("http"))
    with fleet.node("a", **reading(web), CACHE_RESULTS="", POINTER_TTL=TTL, TIMEOUT=5) as node:
        yield Place(node, fleet, web, proxy)


@pytest.fixture(autouse=True)
def well(proxy: FaultProxyThread) -> Iterator[None]:
    yield
    proxy.faults = Faults()


def reading(web: WebServer) -> dict[str, object]:
    return {"HTTP_ALLOW": f"127.0.0.1:{web.port}", "HTTP_ALLOW_PRIVATE": 1}


def of(source: str, size: int = 4) -> str:
    return f"/rs:force:{size}:4/plain/{source}@png"


@pytest.mark.parametrize("kind", KINDS)
def test_an_overwritten_source_that_is_asked_for_all_the_time_is_seen_within_the_ttl(
    place: Place, kind: str
) -> None:
    path = of(place.put(kind, "often.png", RED))
    asked = until(lambda: is_hit(place.node.get(path)))
    assert colour_of(place.node.get(path)) == RED
    place.put(kind, "often.png", BLUE)

    took = until(lambda: colour_of(place.node.get(path)) == BLUE, within=TTL + 20)

    # Beside the time for the look itself, and for one picture.
    assert took < TTL + 1.5, asked


@pytest.mark.parametrize("kind", KINDS)
def test_an_overwritten_source_that_is_asked_for_seldom_is_seen_by_who_asks_after_the_ttl(
    place: Place, kind: str
) -> None:
    path = of(place.put(kind, "seldom.png", RED))
    assert colour_of(place.node.get(path)) == RED
    place.put(kind, "seldom.png", BLUE)
    time.sleep(TTL)

    seen = [colour_of(place.node.get(path)) for _ in range(3)]

    # The first, unless this machine is so busy that the look takes longer than a client's patience.
    assert seen[-1] == BLUE


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_source_is_missing_at_once_after_a_purge(place: Place, kind: str) -> None:
    source = place.put(kind, "purged.png", RED)
    assert place.node.get(of(source)).status_code == 200
    place.remove(kind, "purged.png")

    assert place.node.command("purge", source).returncode == 0

    gone = place.node.get(of(source))
    assert (gone.status_code, gone.headers["x-safelight-error"]) == (404, "source_not_found")


@pytest.mark.parametrize("kind", KINDS)
def test_a_deleted_source_is_missing_within_the_ttl(place: Place, kind: str) -> None:
    source = place.put(kind, "deleted.png", RED)
    assert place.node.get(of(source)).status_code == 200
    place.remove(kind, "deleted.png")

    took = until(lambda: place.node.get(of(source)).status_code == 404, within=TTL + 20)

    assert took < TTL + 1.5


def test_a_missing_source_is_looked_for_once_until_it_may_have_come(
    place: Place, tmp_path: Path
) -> None:
    ttl = 3.0
    source = f"http://127.0.0.1:{place.web.port}/late.png"
    with place.fleet.node("n", **reading(place.web), CACHE_RESULTS="", NEGATIVE_TTL=ttl) as node:
        began = time.monotonic()
        missing = [node.get(of(source, size)).status_code for size in range(1, 21)]
        took = time.monotonic() - began
        looks = place.web.asked.count("HEAD /late.png")

        assert set(missing) == {404}
        assert looks == 1 or took > ttl
        place.put("http", "late.png", BLUE)
        waited = until(lambda: node.get(of(source)).status_code == 200, within=ttl + 20)

        assert took + waited > ttl - 0.5
        assert waited < ttl + 1.5
        assert colour_of(node.get(of(source))) == BLUE


@pytest.mark.parametrize("fault", ["gone", "silent"])
def test_known_pictures_are_served_while_their_sources_cannot_be_asked(
    place: Place, fault: str
) -> None:
    names = [f"{fault}-{number}.png" for number in range(4)]
    paths = [of(place.put("s3", name, RED)) for name in names]
    paths += [of(place.put("http", name, RED)) for name in names]
    assert {place.node.get(path).status_code for path in paths} == {200}
    if fault == "gone":
        place.proxy.faults = Faults(refuse=True)
        place.proxy.cut()
    else:
        place.proxy.faults = Faults(to_client=Flow(stall_after=0))
    for name in names:
        place.web.will(f"/{name}", SILENT)

    end, answers, slowest = time.monotonic() + 2 * TTL, [], 0.0
    while time.monotonic() < end:
        for path in paths:
            began = time.monotonic()
            answers.append(place.node.get(path))
            slowest = max(slowest, time.monotonic() - began)

    assert {colour_of(answer) for answer in answers} == {RED}
    # Patience of a quarter of a second; the store would have taken five.
    assert slowest < 1.5
    place.proxy.faults = Faults()
    for name in names:
        place.put("s3", name, BLUE)
        place.put("http", name, BLUE)
    # Sources that failed have a rest of a second, of two, of four before they are asked again.
    until(lambda: {colour_of(place.node.get(path)) for path in paths} == {BLUE}, within=45)


def test_known_pictures_are_never_waited_for_while_their_store_is_slow(place: Place) -> None:
    paths = [of(place.put("s3", f"slow-{number}.png", RED)) for number in range(4)]
    assert {place.node.get(path).status_code for path in paths} == {200}
    place.proxy.faults = Faults(to_client=Flow(latency=2.5))

    end, times = time.monotonic() + 2 * TTL, []
    while time.monotonic() < end:
        for path in paths:
            began = time.monotonic()
            assert place.node.get(path).status_code == 200
            times.append(time.monotonic() - began)

    assert max(times) < 1.5
    assert sorted(times)[len(times) // 2] < 0.25


def test_every_tier_of_every_node_serves_known_pictures_while_the_object_store_is_down(
    tmp_path: Path, s3_server: S3Server, proxy: FaultProxyThread, redis: RedisServer
) -> None:
    redis.ask("FLUSHALL")
    fleet = Fleet(tmp_path, s3_server, redis, endpoint=proxy.url("http"))
    source = fleet.put("cat.png", RED)
    paths = [of(source, size) for size in range(1, 21)]
    settings = {"POINTER_TTL": TTL, "TIMEOUT": 5, "CACHE_DISK_DIR": ""}
    with (
        fleet.node("a", **{**settings, "CACHE_DISK_DIR": tmp_path / "a" / "disk"}) as a,
        fleet.node("b", **settings) as b,
    ):
        tags = a.tags(paths)
        b.get(of(source, 30))
        until(lambda: a.facts()["tiers"]["redis"]["stored"] >= 20)
        proxy.faults = Faults(refuse=True)
        proxy.cut()
        time.sleep(TTL)

        from_redis = [b.get(path) for path in paths]

        assert [answer.headers["etag"] for answer in from_redis] == tags
        assert all("safelight-redis; hit" in one.headers["cache-status"] for one in from_redis)
        assert a.tags(paths) == b.tags(paths) == tags
        assert {colour_of(answer) for answer in from_redis} == {RED}
        proxy.faults = Faults()
        fleet.put("cat.png", BLUE)
        until(lambda: {colour_of(node.get(paths[0])) for node in (a, b)} == {BLUE}, within=45)


def test_a_node_that_starts_while_the_object_store_is_down_serves_what_the_others_know(
    tmp_path: Path, s3_server: S3Server, proxy: FaultProxyThread, redis: RedisServer
) -> None:
    redis.ask("FLUSHALL")
    fleet = Fleet(tmp_path, s3_server, redis, endpoint=proxy.url("http"))
    paths = [of(fleet.put("cat.png", RED), size) for size in range(1, 6)]
    settings = {"POINTER_TTL": TTL, "TIMEOUT": 5, "CACHE_DISK_DIR": ""}
    with fleet.node("a", **settings) as a:
        tags = a.tags(paths)
        until(lambda: a.facts()["tiers"]["redis"]["stored"] >= 5)
        proxy.faults = Faults(refuse=True)
        proxy.cut()
        time.sleep(TTL)
        with fleet.node("b", **settings) as b:
            assert b.tags(paths) == tags
