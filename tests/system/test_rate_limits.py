"""Rate limits of running servers: behind a proxy, across a fleet, and without their Redis."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.origin.live import PAIR, photo, signed
from tests.redis_server import RedisServer
from tests.redis_server import own_redis as own_redis
from tests.system.server import Server, get, open_client, refused, running

SETTINGS: dict[str, Any] = {
    "KEYS": PAIR.key.hex(),
    "SALTS": PAIR.salt.hex(),
    "WORKERS": 1,
    "TIMEOUT": 30,
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pictures")
    (root / "cat.jpg").write_bytes(photo())
    return root


@pytest.fixture(scope="module")
def server(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It trusts what is on this machine, as if a proxy ran there."""
    settings = {**SETTINGS, "MISS_RATE": "2/hour", "TRUSTED_PROXIES": "127.0.0.0/8"}
    folder = tmp_path_factory.mktemp("server")
    with running(folder, **settings, LOCAL_ROOT=pictures) as started:
        yield started


def ask(server: Server, width: int, client: str = "") -> httpx.Response:
    fields = {"x_forwarded_for": client} if client else {}
    return get(server.url + signed(f"/w:{width}/plain/local:///cat.jpg@png"), **fields)


def test_visitors_are_throttled_one_by_one_and_the_proxy_never(server: Server) -> None:
    first = [ask(server, width, "203.0.113.1") for width in (11, 12, 13)]
    other = [ask(server, width, "203.0.113.2") for width in (13, 14, 15)]
    # Whatever they say of themselves.
    again = ask(server, 16, "203.0.113.77, 203.0.113.1")

    assert [answer.status_code for answer in first] == [200, 200, 429]
    assert [answer.status_code for answer in other] == [200, 200, 429]
    assert again.status_code == 429
    assert int(again.headers["retry-after"]) > 1
    assert again.headers["cache-control"] == "no-store"


def test_hits_are_free_and_say_nothing_of_limits(server: Server) -> None:
    made = ask(server, 21, "203.0.113.3")

    hits = [ask(server, 21, "203.0.113.3") for _ in range(20)]
    last = ask(server, 22, "203.0.113.3")

    assert made.headers["ratelimit"].startswith('"client";r=1;t=')
    assert {answer.status_code for answer in hits} == {200}
    assert not [answer for answer in hits if "ratelimit" in answer.headers]
    assert last.headers["ratelimit"].startswith('"client";r=0;t=')


def test_a_fleet_counts_together_and_each_node_alone_while_redis_is_down(
    pictures: Path, tmp_path: Path, own_redis: RedisServer
) -> None:
    settings = {
        **SETTINGS,
        "LOCAL_ROOT": pictures,
        "MISS_RATE": "2/hour",
        "CACHE_REDIS_URL": own_redis.url,
    }
    with (
        running(tmp_path / "a", NODE="a", **settings) as one,
        running(tmp_path / "b", NODE="b", **settings) as two,
    ):
        together = [ask((one, two)[width % 2], width).status_code for width in (31, 32, 33, 34)]
        own_redis.stop()
        alone = [ask(one, width).status_code for width in (41, 42, 43, 44)]
        logged = one.logged

    assert together == [200, 200, 429, 429]
    assert alone == [200, 200, 429, 429]
    assert "rate limits are counted by this node alone" in logged
    assert '"level": "error"' not in logged


def test_a_thousand_widths_are_one_picture_for_each_step(pictures: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, "LOCAL_ROOT": pictures, "WIDTHS": "20,40"}
    with (
        running(tmp_path, **settings) as server,
        open_client(server.url, timeout=60) as client,
    ):
        answers = [
            client.get(signed(f"/w:{width}/plain/local:///cat.jpg@png")) for width in range(1, 1001)
        ]
        facts = client.get(f"{server.admin_url}/cache").json()

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == 2
    assert facts["workers"]["begun"] == 2


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"MISS_RATE": "many"}, "SAFELIGHT_MISS_RATE: expected a rate such as 100/10 seconds"),
        ({"MISS_RATE_KEY": "0/day"}, "SAFELIGHT_MISS_RATE_KEY: expected a rate such as"),
        ({"TRUSTED_PROXIES": "cdn"}, "SAFELIGHT_TRUSTED_PROXIES: expected networks"),
        ({"MAX_VARIANTS": "-1"}, "SAFELIGHT_MAX_VARIANTS: "),
    ],
)
def test_what_cannot_be_read_stops_the_start(
    tmp_path: Path, settings: dict[str, str], expected: str
) -> None:
    ended = refused(tmp_path, **SETTINGS, **settings)

    assert ended.returncode != 0
    assert expected in ended.stdout + ended.stderr
