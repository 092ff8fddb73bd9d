"""`safelight explain` of a running server with all its tiers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.origin.live import PAIR, photo, signed
from tests.redis_server import serve_redis
from tests.s3 import S3Server
from tests.system.server import Server, get, refused, running, wait

PATH = "/rs:force:200:100/plain/local:///cat.jpg@webp"
TIERS = ("memory", "disk", "redis", "objects")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, s3_server: S3Server) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    (folder / "pictures").mkdir()
    (folder / "pictures" / "cat.jpg").write_bytes(photo(600, 400))
    settings: dict[str, Any] = {
        "KEYS": PAIR.key.hex(),
        "SALTS": PAIR.salt.hex(),
        "LOCAL_ROOT": folder / "pictures",
        "CACHE_DISK_DIR": folder / "disk",
        "CACHE_RESULTS": f"s3://{s3_server.new_bucket()}/made",
        "S3_ENDPOINT": s3_server.url,
        "WORKERS": 1,
        "TIMEOUT": 30,
    }
    with (
        serve_redis(folder / "redis") as redis,
        running(
            folder, more=s3_server.environment, CACHE_REDIS_URL=redis.url, **settings
        ) as started,
    ):
        yield started


def explained(server: Server, *arguments: str) -> tuple[int, Any]:
    """The exit code and what was said."""
    done = refused(server.folder, "explain", "--json", "--admin", server.admin_url, *arguments)
    assert done.stderr == "", done.stderr
    return done.returncode, json.loads(done.stdout)


def test_each_tier_says_whether_it_holds_the_result_and_counts_nothing(server: Server) -> None:
    url = f"{server.url}{signed(PATH)}"
    before = get(f"{server.admin_url}/cache").json()["tiers"]
    code, cold = explained(server, url)
    counted = get(f"{server.admin_url}/cache").json()["tiers"]
    answer = get(url)

    def held() -> bool:
        return set(explained(server, url)[1]["tiers"].values()) == {"held"}

    assert code == 0
    assert cold["tiers"] == dict.fromkeys(TIERS, "not held")
    assert counted == before
    assert answer.headers["etag"] == cold["etag"]
    # Writes go on behind the answer.
    wait(held)


def test_a_run_renders_it_and_times_the_stages(server: Server) -> None:
    code, facts = explained(server, "--run", signed(PATH))

    assert code == 0
    assert facts["run"]["stages_ms"].keys() >= {"fetch", "decode", "process", "encode"}
    assert (facts["run"]["width"], facts["run"]["height"]) == (200, 100)
    assert facts["headers"]["content-type"] == "image/webp"


def test_a_url_that_is_refused_is_explained_by_exit_code_1(server: Server) -> None:
    code, facts = explained(server, f"/{'A' * 43}{PATH}")

    assert code == 1
    assert facts["signature"]["state"] == "mismatch"
    assert facts["source"]["reference"] == "local:///cat.jpg"


def test_no_signature_reaches_the_log(server: Server) -> None:
    signature = signed("/w:11/plain/local:///cat.jpg").split("/")[1]
    explained(server, signed("/w:11/plain/local:///cat.jpg"))

    assert signature not in server.logged


def test_people_read_a_table(server: Server) -> None:
    done = refused(server.folder, "explain", "--admin", server.admin_url, "--run", signed(PATH))

    assert done.returncode == 0
    for name in ("understood", "signature", "format", "key", "etag", "tiers", "cost", "run"):
        assert f"\n{name} " in f"\n{done.stdout}"
