"""How many processors the container may use, by its control group's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from origin.quota import cpu_quota

CORES = 8


@pytest.fixture(autouse=True)
def _many_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(CORES)))


def version_1(root: Path, quota: str, period: str = "100000") -> None:
    folder = root / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(quota)
    (folder / "cpu.cfs_period_us").write_text(period)


@pytest.mark.parametrize(
    ("text", "processors"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("50000 100000\n", 1),
        ("1000 100000\n", 1),
        ("6400000 100000\n", CORES),
        ("max 100000\n", CORES),
        ("", CORES),
        ("many 100000\n", CORES),
        ("100000 0\n", CORES),
        ("-1 100000\n", CORES),
    ],
)
def test_version_2_is_rounded_up_to_whole_processors_of_those_there_are(
    tmp_path: Path, text: str, processors: int
) -> None:
    (tmp_path / "cpu.max").write_text(text)

    assert cpu_quota(tmp_path) == processors


@pytest.mark.parametrize(
    ("quota", "processors"),
    [("300000\n", 3), ("250000\n", 3), ("10000\n", 1), ("-1\n", CORES), ("none", CORES)],
)
def test_version_1_is_read_the_same_way(tmp_path: Path, quota: str, processors: int) -> None:
    version_1(tmp_path, quota)

    assert cpu_quota(tmp_path) == processors


def test_version_1_counts_where_version_2_sets_no_limit(tmp_path: Path) -> None:
    (tmp_path / "cpu.max").write_text("max 100000\n")
    version_1(tmp_path, "200000")

    assert cpu_quota(tmp_path) == 2


def test_without_a_control_group_all_cores_count(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) == CORES


def test_on_this_machine_there_is_at_least_one() -> None:
    assert cpu_quota() >= 1
