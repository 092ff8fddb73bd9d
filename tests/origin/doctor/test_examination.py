"""All checks together: in time whatever hangs, and without a word of secrets."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from origin.doctor.examination import CHECKS, examine
from origin.doctor.finding import Finding, Level, fail, ok
from origin.settings import read_settings
from tests.redis_server import RedisServer

pytestmark = pytest.mark.usefixtures("environment")


async def test_each_check_ends_in_time_and_says_so(own_redis: RedisServer) -> None:
    settings = read_settings(unsafe=True, cache_redis_url=own_redis.url)
    own_redis.freeze()

    began = time.monotonic()
    findings = await examine(settings, within=0.5)
    took = time.monotonic() - began

    late = [finding for finding in findings if "within 0.5 s" in finding.found]
    assert "redis" in {finding.check for finding in late}
    assert {finding.level for finding in late} == {Level.FAIL}
    assert took < 20


async def test_a_server_that_wants_for_nothing_fails_nowhere(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    settings = read_settings(
        keys="ab" * 32, salts="cd" * 32, local_root=tmp_path, cache_disk_dir=tmp_path / "disk"
    )

    findings = await examine(settings, within=60)

    assert Level.FAIL not in {finding.level for finding in findings}
    told = [finding.check for finding in findings]
    assert [name for name in told if name in CHECKS] == [name for name in CHECKS if name in told]


def test_a_finding_is_one_line() -> None:
    fine = ok("redis", "fine")
    broken = fail("redis", "two\nlines", "do\tthis")

    assert str(fine) == "OK   redis: fine"
    assert str(broken) == "FAIL redis: two lines; fix: do this"
    assert broken == Finding(Level.FAIL, "redis", "two\nlines", "do\tthis")
