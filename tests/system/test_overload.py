"""Many times more than a server can do, for a minute: the short form of `make overload`.

The bars here are wider than those of `make overload`: where tests run, the server has a single core
for itself and its worker, and other machines may share that. Goodput is held by processor time as
well, which others cannot take away. What remains is far from what a defect does: a queue that is
not bounded in time brings goodput to a tenth, a shed that fetches first takes a third of it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests.overload.figures import quantile

pytestmark = pytest.mark.alone

_REPOSITORY = Path(__file__).parents[2]
_PATIENCE = 400.0


def measured(folder: Path, *words: str) -> Any:
    """The figures of `python -m loadtests.overload`, which has a process of its own."""
    kept = folder / "figures.json"
    command = [sys.executable, "-m", "loadtests.overload", *words, "--json", str(kept)]
    done = subprocess.run(
        command, cwd=_REPOSITORY, capture_output=True, text=True, timeout=_PATIENCE, check=False
    )
    print(done.stdout)
    assert kept.exists(), done.stderr
    return json.loads(kept.read_text())


def test_ten_times_too_much_changes_little_for_anybody(tmp_path: Path) -> None:
    found = measured(tmp_path, "--seconds", "60", "--times", "10")

    # As much is done as without the crowd.
    assert found["goodput_by_cpu"] > 0.85
    assert found["goodput"] > 0.75 * found["capacity"]
    # What is kept is given as if nothing were the matter.
    assert found["hit_p99_ms"] < 50 + found["sent_late_ms"]
    # Whoever cannot be served is told at once, and rightly, and nothing was begun for them.
    assert found["shed"] > 0
    assert found["shed_improperly"] == 0
    assert found["shed_p99_ms"] < 40 + found["sent_late_ms"]
    assert found["looked_up"] < 0.25 * found["unseen"]
    # Nobody gets anything else, and nobody could not ask.
    assert (found["others"], found["unsent"]) == ({}, 0)
    assert found["normal_seconds"] < 10


def test_avifs_and_a_host_that_hangs_do_not_keep_small_pictures_waiting(tmp_path: Path) -> None:
    comparisons = measured(tmp_path, "lanes", "--rounds", "2", "--round-seconds", "2")

    assert len(comparisons) == 2
    for found in comparisons:
        assert found["disturbing"]
        usual, disturbed = (
            [second for one in found["seconds"][turn] for second in one]
            for turn in (found["against"], "disturbed")
        )
        # A picture behind an AVIF waits ten times as long as it takes, one behind a host that hangs
        # for seconds. A p99 of 80 answers is the longest, which may be anybody's doing.
        assert quantile(disturbed, 0.5) < 1.5 * quantile(usual, 0.5) + 0.005
        assert quantile(disturbed, 0.9) < 1.5 * quantile(usual, 0.9) + 0.02
