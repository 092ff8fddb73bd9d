"""What outlives a server: results on disk, in Redis and in S3, for itself and for other nodes."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx

from tests.redis_server import serve_redis
from tests.s3 import S3Server
from tests.system.server import NO_TLS, Server, open_client, wait
from tests.system.tiers import Gallery, counts, facts, files, results, tier_of
from tests.system.tiers import gallery as gallery

MB = 1 << 20
BLOCK = 4096


def rendered(server: Server) -> int:
    """How many renders the server has begun."""
    begun: int = facts(server)["workers"]["begun"]
    return begun


def in_store(s3: S3Server, bucket: str) -> list[Path]:
    """The objects in a bucket."""
    return [path for path in (s3.root / bucket).rglob("*") if path.is_file()]


def blocks(folder: Path) -> int:
    """What the results in a folder take, in bytes."""
    taken = 0
    for file in files(folder):
        with suppress(FileNotFoundError):  # the server may be deleting some
            taken += -(-file.stat().st_size // BLOCK) * BLOCK
    return taken


def test_a_server_that_starts_again_answers_from_its_disk_and_so_does_a_new_node_from_s3(
    gallery: Gallery, s3_server: S3Server, tmp_path: Path
) -> None:
    paths, bucket = results(40), s3_server.new_bucket()
    settings = {"S3_ENDPOINT": s3_server.url, "CACHE_RESULTS": f"s3://{bucket}/results"}
    mine, other = tmp_path / "mine", tmp_path / "other"
    started: dict[str, Any] = {"more": s3_server.environment, "CACHE_MEMORY_MB": 16, **settings}
    with gallery.serving(tmp_path / "1", CACHE_DISK_DIR=mine, **started) as server:
        made = gallery.ask(server, paths)
        wait(lambda: len(in_store(s3_server, bucket)) == 20 == len(files(mine)))

    with gallery.serving(tmp_path / "2", CACHE_DISK_DIR=mine, **started) as server:
        again = [gallery.ask(server, paths).tiers for _ in range(2)]
        begun = rendered(server)
    with gallery.serving(tmp_path / "3", CACHE_DISK_DIR=other, **started) as server:
        elsewhere = [gallery.ask(server, paths).tiers for _ in range(2)]
        wait(lambda: len(files(other)) == 20)
        begun += rendered(server)
    with gallery.serving(tmp_path / "4", CACHE_DISK_DIR=other) as server:
        without_s3 = gallery.ask(server, paths).tiers
        begun += rendered(server)

    assert made.tiers == {"none": 20}
    assert again == [{"disk": 20}, {"memory": 20}]
    assert elsewhere == [{"objects": 20}, {"memory": 20}]
    assert without_s3 == {"disk": 20}
    assert begun == 0


def test_a_second_node_finds_in_redis_what_the_first_one_made(
    gallery: Gallery, tmp_path: Path
) -> None:
    paths = results(41)
    with serve_redis(tmp_path / "redis") as redis:
        settings: dict[str, Any] = {"CACHE_REDIS_URL": redis.url, "CACHE_MEMORY_MB": 16}
        with (
            gallery.serving(tmp_path / "1", **settings) as first,
            gallery.serving(tmp_path / "2", **settings) as second,
        ):
            made = gallery.ask(first, paths)
            wait(lambda: counts(first, "redis")["stored"] == 20)
            found = [gallery.ask(second, paths).tiers for _ in range(2)]
            begun = rendered(second)

    assert made.tiers == {"none": 20}
    assert found == [{"redis": 20}, {"memory": 20}]
    assert begun == 0


def test_objects_that_were_spoiled_in_the_bucket_are_never_served_and_made_again(
    gallery: Gallery, s3_server: S3Server, tmp_path: Path
) -> None:
    paths, bucket = results(42), s3_server.new_bucket()
    settings = {"S3_ENDPOINT": s3_server.url, "CACHE_RESULTS": f"s3://{bucket}/results"}
    with gallery.serving(tmp_path, more=s3_server.environment, **settings) as server:
        gallery.wait_for_hits(server, "objects", paths)
        for file in in_store(s3_server, bucket):
            data = bytearray(file.read_bytes())
            data[len(data) // 2] ^= 1
            file.write_bytes(data)

        first = gallery.ask(server, paths)
        gallery.wait_for_hits(server, "objects", paths)
        suffered = counts(server, "objects")

    assert first.tiers == {"none": 20}
    assert suffered["corrupt"] == 20


def test_a_server_killed_during_a_thousand_writes_leaves_nothing_wrong_behind(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder = tmp_path / "cache"
    paths = [path for height in range(8, 40) for path in results(height, first=8, count=32)]
    gallery.learn(paths)
    stray = folder / "v1/tmp" / f"{'ab' * 16}-0.part"

    kept = []
    for until in (300, 700):
        answers = killed_at(until, gallery, tmp_path / str(until), folder, paths)
        gallery.compare(answers)
        kept.append(len(files(folder)))
    stray.write_bytes(b"unfinished")
    os.utime(stray, (1e9, 1e9))
    with gallery.serving(tmp_path / "after", CACHE_DISK_DIR=folder) as server:
        wait(lambda: not list(stray.parent.iterdir()))
        after = gallery.ask(server, paths, at_once=8)
        spoiled = counts(server, "disk")["corrupt"]
    taken = blocks(folder)
    with gallery.serving(tmp_path / "bound", CACHE_DISK_DIR=folder, CACHE_DISK_MB=2) as server:
        wait(lambda: blocks(folder) <= 2 * MB)
        bound = gallery.ask(server, paths[::8])
        wait(lambda: blocks(folder) <= 2 * MB)

    assert len(paths) == 1024
    assert kept[0] >= 300
    assert kept[1] >= 700
    assert after.tiers == {"disk": kept[1], "none": len(paths) - kept[1]}
    assert spoiled == 0
    assert taken > 4 * MB - 64 * BLOCK
    assert bound.tiers["none"] > 0


def killed_at(
    written: int, gallery: Gallery, run: Path, folder: Path, paths: list[str]
) -> dict[str, httpx.Response]:
    """Ask for all, and kill the server once so many files are written; what was answered."""
    answers: dict[str, httpx.Response] = {}

    def ask(some: list[str]) -> None:
        with suppress(httpx.HTTPError):
            for path in some:
                answers[path] = client.get(path)

    with gallery.serving(run, CACHE_DISK_DIR=folder) as server:
        with open_client(server.url, timeout=60) as client:
            threads = [threading.Thread(target=ask, args=(paths[n::8],)) for n in range(8)]
            for thread in threads:
                thread.start()
            wait(lambda: len(files(folder)) >= written)
            server.process.kill()
            for thread in threads:
                thread.join(60)
        server.process.wait(60)
    return answers


def test_memory_holds_no_more_than_it_may_and_what_is_asked_for_often(
    gallery: Gallery, tmp_path: Path
) -> None:
    often = results(100, first=100, count=8)
    seldom = [path for height in (101, 102) for path in results(height, first=60, count=80)]
    gallery.learn([*often, *seldom])
    sizes = {path: len(gallery.right[path][2]) for path in seldom}
    with gallery.serving(tmp_path, CACHE_MEMORY_MB=1) as server:
        for _ in range(4):
            gallery.ask(server, often)

        gallery.ask(server, seldom)
        still = gallery.ask(server, often)
        # Each is asked for once, so whatever is found was there before.
        found = [path for path in reversed(seldom) if from_memory(server, path)]

    assert sum(sizes.values()) > 2 * MB
    assert still.tiers == {"memory": 8}
    assert 0 < sum(sizes[path] for path in found) <= MB


def from_memory(server: Server, path: str) -> bool:
    answer = httpx.head(server.url + path, timeout=60, trust_env=False, verify=NO_TLS)
    return tier_of(answer) == "memory"
