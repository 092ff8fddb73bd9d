"""The soak in its shortest form: nothing is left open, and the server hardly grows."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.soak.samples import Sample
from loadtests.soak.verdict import problems, trends

_ROOT = Path(__file__).parents[2]
_PATIENCE = 180.0


def test_mixed_work_leaves_nothing_open_and_the_server_hardly_grows(tmp_path: Path) -> None:
    table = tmp_path / "soak.csv"

    done = subprocess.run(
        [sys.executable, "-m", "loadtests.soak", "--minutes", "0.1", "--csv", str(table)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Flat" in done.stdout
    assert str(table.resolve()) in done.stdout.replace("\n", "")
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 5
    assert int(rows[-1]["requests"]) > 20


def samples(*, rss: float = 0, threads: float = 0) -> list[Sample]:
    """Of an hour, in which the server grows by so much."""
    return [
        Sample(
            36 * step, step, 100 + rss * step / 100, 20, 10 + int(threads * step / 100), *[2] * 4
        )
        for step in range(101)
    ]


def test_a_slope_is_found_through_peaks() -> None:
    steady = samples(rss=100)
    peaks = [
        Sample(one.second, 0, one.rss + 500, 20, 10, *[2] * 4) if number % 7 == 0 else one
        for number, one in enumerate(steady)
    ]

    assert trends(peaks, warm_up=900)["rss"].slope == pytest.approx(100, rel=0.2)


@pytest.mark.parametrize(
    ("growth", "what"),
    [({}, 0), ({"rss": 20}, 0), ({"rss": 100}, 1), ({"threads": 20}, 1)],
)
def test_what_grows_too_fast_is_told(growth: dict[str, float], what: int) -> None:
    assert len(problems(trends(samples(**growth), warm_up=900))) == what


def test_a_burst_that_is_kept_is_no_slope() -> None:
    burst = [
        Sample(one.second, 0, 105.0 if one.second > 2000 else 100.0, 20, 10, *[2] * 4)
        for one in samples()
    ]

    assert problems(trends(burst, warm_up=900)) == []
