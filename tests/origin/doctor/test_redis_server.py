"""What is said of Redis: a real one, one that forbids, one that hangs, and none."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from origin.doctor.finding import Finding, Level
from origin.doctor.redis_server import check_redis
from origin.settings import read_settings
from tests.redis_server import RedisServer, serve_redis
from tests.system.server import free_port

pytestmark = pytest.mark.usefixtures("environment")
PASSWORD = "a-password-of-the-tests"


async def examined(url: str) -> Finding:
    """The one thing there is to say."""
    (finding,) = await check_redis(read_settings(unsafe=True, cache_redis_url=url))
    return finding


async def test_one_that_is_set_up_well_is_told_with_its_version(own_redis: RedisServer) -> None:
    own_redis.ask("CONFIG", "SET", "maxmemory", "100mb")
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")

    finding = await examined(own_redis.url)

    assert finding.level is Level.OK
    assert f"127.0.0.1:{own_redis.port}: Redis " in finding.found
    assert "volatile-lru at 100 MB" in finding.found
    assert own_redis.ask("DBSIZE") == b":0\r\n"


@pytest.mark.parametrize(
    ("most", "policy", "words"),
    [
        ("0", "volatile-lru", "no maxmemory"),
        ("100mb", "noeviction", "nothing is kept"),
        ("100mb", "allkeys-lru", "may evict purges"),
    ],
)
async def test_one_that_fills_up_or_forgets_purges_is_a_warning(
    own_redis: RedisServer, most: str, policy: str, words: str
) -> None:
    own_redis.ask("CONFIG", "SET", "maxmemory", most)
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", policy)

    finding = await examined(own_redis.url)

    assert finding.level is Level.WARN
    assert words in finding.found
    assert "volatile-lru" in finding.fix


async def test_a_wrong_password_is_told_without_it(tmp_path: Path) -> None:
    with serve_redis(tmp_path / "redis", args=("--requirepass", "another")) as redis:
        wrong = await examined(f"redis://:{PASSWORD}@127.0.0.1:{redis.port}/0")
        none = await examined(redis.url)

    assert (wrong.level, none.level) == (Level.FAIL, Level.FAIL)
    assert "user and password" in wrong.fix
    assert "user and password" in none.fix
    assert PASSWORD not in str(wrong)


async def test_a_replica_cannot_be_written(own_redis: RedisServer) -> None:
    own_redis.ask("REPLICAOF", "127.0.0.1", str(free_port()))

    finding = await examined(own_redis.url)

    assert finding.level is Level.FAIL
    assert "primary" in finding.fix


async def test_one_that_is_away_or_hangs_is_told_in_time(own_redis: RedisServer) -> None:
    away = await examined(f"redis://127.0.0.1:{free_port()}/0")
    own_redis.freeze()
    began = time.monotonic()
    hanging = await examined(own_redis.url)
    took = time.monotonic() - began

    assert (away.level, hanging.level) == (Level.FAIL, Level.FAIL)
    assert "start Redis" in away.fix
    assert took < 15
