"""The checks that look at this machine and at the settings alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from origin.doctor.apart import apart
from origin.doctor.configured import check_keys, check_settings
from origin.doctor.confined import check_worker
from origin.doctor.engine import check_engine
from origin.doctor.finding import Check, Finding, Level
from origin.doctor.folders import check_disk, check_local_root
from origin.doctor.hosts import check_web_hosts
from origin.doctor.machine import (
    check_allocator,
    check_descriptors,
    check_processors,
    memory_finding,
    memory_limit,
)
from origin.doctor.ports import check_ports, check_proxies
from origin.quota import cpu_quota
from origin.settings import read_settings

pytestmark = pytest.mark.usefixtures("environment")
GB = 1 << 30
KEY, SALT = "ab" * 32, "cd" * 32


async def examined(check: Check, **given: Any) -> Sequence[Finding]:
    return await check(read_settings(**{"unsafe": True, **given}))


def levels(findings: Sequence[Finding]) -> str:
    return " ".join(finding.level for finding in findings)


def test_loaders_that_nobody_needs_are_blocked() -> None:
    findings = check_engine()

    assert levels(findings) == "OK OK OK"
    assert "blocked" in findings[-1].found


async def test_a_confined_worker_shows_which_formats_work() -> None:
    confined = await examined(check_worker)
    free = await examined(check_worker, sandbox=False, svg=False)

    assert {finding.check for finding in confined} == {"sandbox", "codecs"}
    assert "avif, gif, jpeg, png, tiff, webp read and written; bmp, svg read" in str(confined[-1])
    assert levels(free) == "WARN OK"
    assert free[0].fix == "SAFELIGHT_SANDBOX=1"
    assert "svg" not in free[1].found


async def test_a_worker_that_gets_too_little_memory_is_told() -> None:
    (finding,) = await examined(check_worker, worker_mb=1)

    assert finding.level is Level.FAIL
    assert "SAFELIGHT_WORKER_MB" in finding.fix


async def test_all_that_is_wrong_with_the_settings_is_told(tmp_path: Path) -> None:
    wrong = await examined(
        check_settings, unsafe=False, s3_endpoint="minio:9000", cache_results="bucket"
    )
    right = await examined(check_settings)

    assert levels(wrong) == "FAIL FAIL"
    assert "SAFELIGHT_KEYS" in wrong[0].found
    assert "SAFELIGHT_S3_ENDPOINT" in wrong[1].found
    assert levels(right) == "OK"


@pytest.mark.parametrize(
    ("keys", "salts", "level", "words"),
    [
        (KEY, SALT, "OK", "1, of 32 bytes or more"),
        (f"{KEY},{SALT}", f"{SALT},{KEY}", "OK", "the first signs, all verify"),
        ("abcd", SALT, "WARN", "2 bytes"),
        (KEY, KEY, "WARN", "same as its key"),
        (f"{KEY},{KEY}", f"{SALT},{SALT}", "WARN", "twice"),
    ],
)
async def test_keys_are_judged_without_being_told(
    keys: str, salts: str, level: str, words: str
) -> None:
    (finding,) = await examined(check_keys, unsafe=False, keys=keys, salts=salts)

    assert finding.level == level
    assert words in finding.found
    assert not any(key in str(finding) for key in (KEY, SALT, "abcd"))


async def test_no_signatures_are_a_warning() -> None:
    (finding,) = await examined(check_keys, keys=KEY, salts=SALT)

    assert finding.level is Level.WARN


async def test_a_local_root_must_be_a_folder_with_something_in_it(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()

    full, empty, file, gone, none = [
        (await examined(check_local_root, local_root=root))[0]
        for root in (tmp_path, tmp_path / "empty", tmp_path / "file", tmp_path / "gone", None)
    ]

    assert levels([full, empty, file, gone, none]) == "OK WARN FAIL FAIL WARN"
    assert "every picture is a 404" in none.found


async def test_the_disk_tier_is_tried_and_left_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "disk"
    (tmp_path / "file").touch()

    (new,) = await examined(check_disk, cache_disk_dir=folder, cache_disk_mb=1)
    (large,) = await examined(check_disk, cache_disk_dir=tmp_path, cache_disk_mb=1e6)
    (file,) = await examined(check_disk, cache_disk_dir=tmp_path / "file" / "disk")
    (denied,) = await examined(check_disk, cache_disk_dir="/proc/self/disk")

    assert levels([new, large, file, denied]) == "OK WARN FAIL FAIL"
    assert "will be made" in new.found
    assert not (tmp_path / "new").exists()
    assert "SAFELIGHT_CACHE_DISK_MB" in large.fix


async def test_hosts_are_looked_up_and_judged_by_their_addresses() -> None:
    public = await examined(check_web_hosts, http_allow="localhost,*.a.example,nowhere.invalid")
    private = await examined(check_web_hosts, http_allow="localhost", http_allow_private=True)

    assert levels(public) == "FAIL OK FAIL"
    assert public[0].fix == "SAFELIGHT_HTTP_ALLOW_PRIVATE=1 lets it in"
    assert "no address" in public[2].found
    assert levels(private) == "OK"


async def test_more_workers_than_processors_are_a_warning() -> None:
    few = await examined(check_processors)
    many = await examined(check_processors, workers=cpu_quota() + 1)

    assert (levels(few), levels(many)) == ("OK", "WARN")
    assert f"SAFELIGHT_WORKERS={cpu_quota()}" in many[0].fix


@pytest.mark.parametrize(
    ("limit", "given", "level", "fix"),
    [
        (16 * GB, {}, "OK", ""),
        (4 * GB, {}, "WARN", "SAFELIGHT_WORKER_MB=1724"),
        (16 * GB, {"worker_mb": 0}, "WARN", "SAFELIGHT_WORKER_MB="),
        (GB // 2, {}, "FAIL", "SAFELIGHT_CACHE_MEMORY_MB"),
    ],
)
def test_memory_must_do_for_all_workers_at_once(
    limit: int, given: dict[str, Any], level: str, fix: str
) -> None:
    finding = memory_finding(read_settings(unsafe=True, **given), limit=limit, workers=2)

    assert finding.level == level
    assert fix in finding.fix


@pytest.mark.parametrize("name", ["memory.max", "memory/memory.limit_in_bytes"])
def test_a_container_s_limit_counts_if_there_is_one(tmp_path: Path, name: str) -> None:
    whole = memory_limit(tmp_path)
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("max\n")
    unlimited = memory_limit(tmp_path)
    path.write_text("104857600\n")

    assert memory_limit(tmp_path) == 104857600
    assert unlimited == whole > 104857600


async def test_connections_need_descriptors() -> None:
    few = await examined(check_descriptors, max_connections=1)
    many = await examined(check_descriptors, max_connections=1_000_000)

    assert levels(few) == "OK"
    assert levels(many) in ("OK", "WARN")


async def test_the_allocator_is_named() -> None:
    (finding,) = await examined(check_allocator)

    assert finding.level is not Level.FAIL


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        ({}, "OK", "from this machine alone"),
        ({"host": "0.0.0.0"}, "WARN", "may purge"),
        ({"admin_port": 0}, "WARN", "no probes"),
        ({"admin_port": 8080}, "FAIL", "the image port"),
    ],
)
async def test_the_admin_port_is_for_few(given: dict[str, Any], level: str, words: str) -> None:
    (finding,) = await examined(check_ports, **given)

    assert finding.level == level
    assert words in finding.found


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ({}, ""),
        ({"trusted_proxies": "10.0.0.0/8"}, "OK"),
        ({"trusted_proxies": "10.0.0.0/8,0.0.0.0/0"}, "WARN"),
        ({"miss_rate": "100/minute"}, "WARN"),
        ({"trusted_proxies": "ten"}, ""),
    ],
)
async def test_proxies_that_are_trusted_are_few(given: dict[str, Any], level: str) -> None:
    assert levels(await examined(check_proxies, **given)) == level


async def test_work_that_hangs_holds_up_nobody() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await apart(lambda: time.sleep(1))
    with pytest.raises(ValueError, match="no"):
        await apart(lambda: int("no"))

    assert await apart(lambda: 7) == 7
