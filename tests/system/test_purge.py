"""A purge on two nodes that share Redis and a bucket of results: nothing old is served again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import Faults, fault_proxy_thread
from tests.redis_server import RedisServer, serve_redis
from tests.s3 import S3Server
from tests.system.nodes import BLUE, RED, Fleet, colour_of, is_hit, until
from tests.system.server import post

TIERS = ("memory", "disk", "redis", "objects")
POLICIES = """
[presets]
light = "q:80"

[[policies]]
preset = "light"
results = ["memory", "disk", "redis"]

[[policies]]
prefix = "s3://{bucket}/shop/"
tags = ["shop"]
"""


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with serve_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def fleet(tmp_path: Path, s3_server: S3Server, redis: RedisServer) -> Fleet:
    redis.ask("FLUSHALL")
    fleet = Fleet(tmp_path, s3_server, redis)
    fleet.config.write_text(POLICIES.format(bucket=fleet.sources))
    return fleet


def sizes(source: str, count: int, options: str = "") -> list[str]:
    return [
        f"/{options}rs:force:{1 + n // 20}:{1 + n % 20}/plain/{source}@png" for n in range(count)
    ]


def test_no_node_serves_any_of_200_old_results_after_a_purge(fleet: Fleet) -> None:
    source = fleet.put("cat.png")
    # Rclone takes a tenth of a second for each write beside many others.
    deep, light = sizes(source, 30), sizes(source, 170, "pr:light/")
    with fleet.nodes() as (a, b):
        old = a.tags(deep + light)
        assert b.tags(deep + light) == old
        until(lambda: len(b.on_disk(source)) == len(a.on_disk(source)) == 200)
        until(lambda: len(fleet.stored(source)) == 30)
        for file in a.on_disk(source):
            fleet.store_again(source, file)
        results = {file.name for file in fleet.stored(source)}
        assert len(results) == 200

        began = time.monotonic()
        report = post(f"{a.server.admin_url}/purge", {"source": source}).json()
        took = time.monotonic() - began

        assert took < 2
        assert (report["reached"], report["missing"]) == (["a", "b"], [])
        assert set(report["tiers"]) == set(TIERS)
        assert set(report["tiers"].values()) <= {"dropped", "hidden"}
        first = [*map(a.get, deep[::2] + light[::2]), *map(b.get, deep[1::2] + light[1::2])]
        new = {answer.headers["etag"] for answer in first}
        assert not any(is_hit(answer) for answer in first)
        assert len(new) == 200
        assert not new & set(old)
        assert {*b.tags(deep[::2] + light[::2]), *a.tags(deep[1::2] + light[1::2])} == new
        until(lambda: not results & {file.name for file in fleet.stored(source)})
        until(lambda: not results & {file.suffix[1:] for file in a.on_disk(source)})
        until(lambda: not results & {file.suffix[1:] for file in b.on_disk(source)})


def test_the_command_names_nodes_and_tiers_and_both_nodes_show_the_new_picture(
    fleet: Fleet,
) -> None:
    source = fleet.put("cat.png", RED)
    (path,) = sizes(source, 1)
    with fleet.nodes() as (a, b):
        assert [colour_of(node.get(path)) for node in (a, b)] == [RED, RED]
        fleet.put("cat.png", BLUE)

        purged = b.command("purge", source)
        after = [node.get(path) for node in (a, b)]

        assert (purged.returncode, purged.stderr) == (0, "")
        assert "nodes reached: a, b\n" in purged.stdout
        assert all(f"tier {name}: done" in purged.stdout for name in TIERS)
        assert [colour_of(answer) for answer in after] == [BLUE, BLUE]
        assert not is_hit(after[0])


def test_what_was_purged_stays_so_after_restarts(fleet: Fleet) -> None:
    sources = [fleet.put(name) for name in ("cat.png", "summer/cat.png", "shop/cat.png")]
    paths = [path for source in sources for path in sizes(source, 3)]
    others = sizes(fleet.put("dog.png"), 2)
    orders = (sources[0], "--prefix", f"s3://{fleet.sources}/summer/", "--tag", "shop")
    with fleet.nodes() as (a, b):
        old, kept = a.tags(paths), a.tags(others)
        assert (b.tags(paths), b.tags(others)) == (old, kept)
        until(lambda: all(len(fleet.stored(source)) == 3 for source in sources))

        purged = a.command("purge", *orders)
        answers = [*map(b.get, paths[:5]), *map(a.get, paths[5:])]

        assert (purged.returncode, purged.stderr) == (0, "")
        assert purged.stdout.count("nodes reached: a, b\n") == 3
        assert not any(is_hit(answer) for answer in answers)
        new = [answer.headers["etag"] for answer in answers]
        assert not set(new) & set(old)
        assert a.tags(paths) == b.tags(paths) == new
        assert a.tags(others) == b.tags(others) == kept
        until(lambda: len(a.purges()) == len(b.purges()) == 3)

    with fleet.nodes() as (a, b):
        assert a.tags(paths) == b.tags(paths) == new

    assert fleet.redis is not None
    fleet.redis.ask("FLUSHALL")
    with fleet.nodes() as (a, b):
        assert a.tags(paths) == b.tags(paths) == new
        assert a.tags(others) == b.tags(others) == kept

    # Where nobody remembers, nothing is left of a source, and what was merely hidden comes back.
    fleet.redis.ask("FLUSHALL")
    for node in (a, b):
        (node.server.folder / "disk" / "purges.log").unlink()
    with fleet.nodes() as (a, b):
        answers = [a.get(path) for path in paths]
        assert [answer.headers["etag"] for answer in answers] == old
        assert [is_hit(answer) for answer in answers] == [False] * 3 + [True] * 6


def test_a_node_without_a_disk_learns_from_redis_before_it_serves_anything(fleet: Fleet) -> None:
    diskless = {"CACHE_DISK_DIR": ""}
    paths = sizes(fleet.put("shop/cat.png"), 5)
    with fleet.nodes(**diskless) as (a, b):
        old = a.tags(paths)
        assert b.command("purge", "--tag", "shop").returncode == 0
        new = b.tags(paths)

    with fleet.node("c", **diskless) as c:
        assert c.tags(paths) == new
        assert not set(old) & set(new)


def test_a_node_that_the_message_does_not_reach_is_named_and_catches_up(
    fleet: Fleet, redis: RedisServer
) -> None:
    ttl = 2.0
    changed, same = fleet.put("changed.png", RED), fleet.put("same.png")
    paths = [sizes(changed, 1)[0], sizes(same, 1)[0]]
    with (
        fault_proxy_thread("127.0.0.1", redis.port) as proxy,
        fleet.node("a", POINTER_TTL=ttl) as a,
        fleet.node("b", POINTER_TTL=ttl, CACHE_REDIS_URL=proxy.url("redis")) as b,
    ):
        until(lambda: fleet.living == {"a", "b"})
        old = a.tags(paths)
        assert b.tags(paths) == old
        proxy.faults = Faults(refuse=True)
        proxy.cut()
        fleet.put("changed.png", BLUE)

        purged = a.command("purge", changed, same)
        when = time.monotonic()

        assert purged.returncode == 1
        assert purged.stdout.count("nodes reached: a\n") == 2
        assert purged.stdout.count("nodes NOT reached: b\n") == 2
        assert f"every node has it within {ttl:g} s" in purged.stdout
        new = a.tags(paths)
        assert not set(new) & set(old)
        until(lambda: colour_of(b.get(paths[0])) == BLUE, within=10)
        assert time.monotonic() - when < ttl + 1.5
        assert b.tags(paths[1:]) == old[1:]

        proxy.faults = Faults()

        until(lambda: b.tags(paths) == new, within=30)


def test_without_redis_a_purge_works_here_and_says_whom_it_did_not_reach(
    tmp_path: Path, s3_server: S3Server
) -> None:
    with serve_redis(tmp_path / "redis") as redis:
        fleet = Fleet(tmp_path, s3_server, redis)
        source = fleet.put("cat.png", RED)
        paths = sizes(source, 4)
        with fleet.node("a") as a:
            old = a.tags(paths)
            redis.stop()
            fleet.put("cat.png", BLUE)

            purged = a.command("purge", source)
            after = [*map(a.get, paths)]

            assert purged.returncode == 1
            assert "nodes reached: a\n" in purged.stdout
            assert "NOT reached: the nodes behind SAFELIGHT_CACHE_REDIS_URL" in purged.stdout
            assert {colour_of(answer) for answer in after} == {BLUE}
            assert not {answer.headers["etag"] for answer in after} & set(old)


def test_a_node_without_redis_is_alone_and_complete(tmp_path: Path, s3_server: S3Server) -> None:
    fleet = Fleet(tmp_path, s3_server)
    source = fleet.put("cat.png", RED)
    with fleet.node("a") as a:
        old = a.tags(sizes(source, 4))
        fleet.put("cat.png", BLUE)

        purged = a.command("purge", source)
        after = [*map(a.get, sizes(source, 4))]

        assert (purged.returncode, purged.stderr) == (0, "")
        assert "nodes reached: a\n" in purged.stdout
        assert "tier redis" not in purged.stdout
        assert {colour_of(answer) for answer in after} == {BLUE}
        assert not {answer.headers["etag"] for answer in after} & set(old)
