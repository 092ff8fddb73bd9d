"""`safelight doctor` in the environment of a server: a healthy one, and ones that would fail."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.origin.live import PAIR, photo
from tests.redis_server import RedisServer
from tests.redis_server import own_redis as own_redis
from tests.s3 import S3Server
from tests.system.server import SAFELIGHT, environment, free_port

KEYS = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
PASSWORD = "a-password-of-the-tests"


def examined(
    folder: Path, *options: str, more: Mapping[str, str] | None = None, **settings: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(SAFELIGHT), "doctor", "--within", "60", *options],
        cwd=folder,
        env=environment(settings, more),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def levels(printed: str) -> dict[str, str]:
    """The worst that is said of each part."""
    worst: dict[str, str] = {}
    for line in printed.splitlines():
        level, _, rest = line.partition(" ")
        check = rest.strip().partition(":")[0]
        worst[check] = max(worst.get(check, ""), level, key=["", "OK", "WARN", "FAIL"].index)
    return worst


def test_a_server_that_has_everything_is_told_so_line_by_line(
    tmp_path: Path, own_redis: RedisServer, s3_server: S3Server
) -> None:
    own_redis.ask("CONFIG", "SET", "maxmemory", "100mb")
    own_redis.ask("CONFIG", "SET", "maxmemory-policy", "volatile-lru")
    bucket, results = s3_server.new_bucket(), s3_server.new_bucket()
    s3_server.put(bucket, "a.jpg", photo())
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(photo())

    done = examined(
        tmp_path,
        more=s3_server.environment,
        **KEYS,
        LOCAL_ROOT=tmp_path / "pictures",
        S3_BUCKETS=bucket,
        S3_ENDPOINT=s3_server.url,
        CACHE_RESULTS=f"s3://{results}/made",
        CACHE_DISK_DIR=tmp_path / "disk",
        CACHE_DISK_MB=16,
        CACHE_REDIS_URL=own_redis.url,
        HTTP_ALLOW="localhost",
        HTTP_ALLOW_PRIVATE=1,
        TRUSTED_PROXIES="10.0.0.0/8",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    told = levels(done.stdout)
    everywhere = ["settings", "keys", "codecs", "s3", "results", "redis", "proxies"]
    assert {name: told[name] for name in everywhere} == dict.fromkeys(everywhere, "OK")
    assert told["local root"] == told["disk tier"] == told["http source"] == "OK"
    assert not any(secret in done.stdout for secret in (*KEYS.values(), s3_server.secret_key))


def test_all_that_is_wrong_is_told_at_once_with_what_to_do(
    tmp_path: Path, s3_server: S3Server
) -> None:
    wrong = {**s3_server.environment, "AWS_SECRET_ACCESS_KEY": PASSWORD}

    done = examined(
        tmp_path,
        "--json",
        more=wrong,
        **KEYS,
        LOCAL_ROOT=tmp_path / "nowhere",
        S3_BUCKETS=s3_server.new_bucket(),
        S3_ENDPOINT=s3_server.url,
        CACHE_REDIS_URL=f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0",
        ADMIN_PORT=8080,
    )

    assert done.returncode == 1, done.stderr
    said = json.loads(done.stdout)
    failed = {one["check"] for one in said["findings"] if one["level"] == "FAIL"}
    assert not said["ok"]
    assert failed == {"settings", "local root", "s3", "redis", "admin port"}
    assert all(one["fix"] for one in said["findings"] if one["level"] != "OK")
    assert PASSWORD not in done.stdout + done.stderr


def test_settings_that_cannot_be_read_are_all_told(tmp_path: Path) -> None:
    done = examined(tmp_path, PORT="many", WORKER="2")

    assert done.returncode == 1
    assert "FAIL settings: SAFELIGHT_PORT" in done.stdout
    assert "did you mean SAFELIGHT_WORKERS?" in done.stdout


def test_wrong_usage_is_exit_code_2(tmp_path: Path) -> None:
    assert examined(tmp_path, "--much").returncode == 2
