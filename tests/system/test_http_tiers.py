"""Each tier in turn answers for the others, and says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from tests.origin.live import photo, size_of
from tests.redis_server import serve_redis
from tests.s3 import S3Server
from tests.system.server import Server, get, running, wait
from tests.system.tiers import counts, facts


def test_every_tier_is_named_and_none_needs_a_render_for_a_304(
    tmp_path: Path, s3_server: S3Server
) -> None:
    """After each start another tier is the nearest that has the result."""
    bucket = s3_server.new_bucket()
    path = "/x/w:40/plain/local:///photo.jpg@png"
    tiers = ("objects", "redis", "disk", "memory")
    (tmp_path / "photo.jpg").write_bytes(photo(200, 100))
    with serve_redis(tmp_path / "redis") as redis:
        settings: dict[str, Any] = {
            "UNSAFE": 1,
            "WORKERS": 1,
            "LOCAL_ROOT": tmp_path,
            "CACHE_REDIS_URL": redis.url,
            "CACHE_RESULTS": f"s3://{bucket}/results",
            "S3_ENDPOINT": s3_server.url,
            "more": s3_server.environment,
        }
        with running(tmp_path / "1", **settings, CACHE_DISK_DIR=tmp_path / "a") as server:
            first = get(server.url + path)
            wait(lambda: all(counts(server, name)["stored"] for name in tiers))
            _check_304(server, path, first, begun=1, found="memory")

        missed = ", ".join(f"safelight-{name}; fwd=uri-miss; stored" for name in tiers)
        assert (first.headers["cache-status"], size_of(first.content)) == (missed, (40, 20))
        for number, (found, disk) in enumerate(
            [("disk", "a"), ("redis", "b"), ("objects", "c")], 2
        ):
            if found == "objects":
                assert redis.ask("FLUSHALL") == b"+OK\r\n"
            folder = tmp_path / str(number)
            with running(folder, **settings, CACHE_DISK_DIR=tmp_path / disk) as server:
                _check_304(server, path, first, begun=0, found=found)


def _check_304(server: Server, path: str, right: httpx.Response, *, begun: int, found: str) -> None:
    etag = right.headers["etag"]
    unchanged = get(server.url + path, if_none_match=etag)
    part = get(server.url + path, range="bytes=0-9")
    whole = get(server.url + path)
    again = get(server.url + path, if_none_match=f'"x", {etag}')

    assert [unchanged.status_code, part.status_code, whole.status_code, again.status_code] == [
        *(304, 206, 200, 304)
    ]
    assert (unchanged.content, part.content, whole.content) == (
        *(b"", right.content[:10], right.content),
    )
    assert f"safelight-{found}; hit" in part.headers["cache-status"]
    assert whole.headers["cache-status"] == "safelight-memory; hit"
    for name in ("etag", "cache-control", "last-modified", "cache-tag"):
        assert {answer.headers[name] for answer in (unchanged, part, whole)} == {
            right.headers[name]
        }
    assert facts(server)["workers"]["begun"] == begun
