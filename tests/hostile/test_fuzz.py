"""Ten thousand spoilt pictures, the same ones each time: every one is answered as it should be.

`make fuzz` does ten times as many.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.fuzz.__main__ import CORPUS
from loadtests.fuzz.case import cases
from loadtests.fuzz.fuzzing import fuzz
from loadtests.fuzz.memory import watched
from loadtests.fuzz.outcome import PICTURE, attempt
from loadtests.fuzz.seeds import seeds
from loadtests.fuzz.tally import Tally, kept_cases
from origin.workers import open_workers
from tests.hostile.siege import CONFINED, SECONDS, honest
from tests.pictures import planned
from transforms.limits import Limits

ROOT = Path(__file__).parents[2]
CASES = 10_000
MAPPED_MB = 100


async def test_every_spoilt_picture_is_answered(tmp_path: Path) -> None:
    pictures = seeds(CORPUS if CORPUS.is_dir() else None)
    tally = Tally(tmp_path / "findings")

    async with open_workers(2, Limits()) as workers, watched(lambda: workers.pids) as peak:
        spoilt = cases(pictures, seed=1, count=CASES)
        await fuzz(workers, spoilt, seconds=SECONDS, noted=tally.note)
        after = await attempt(workers, planned("w:10@png"), honest(), seconds=20)

    assert tally.done == CASES
    assert tally.wrong == []
    # Were they all refused at the door, or none of them spoilt, nothing would be tried.
    assert tally.outcomes[PICTURE] > CASES / 5
    assert tally.outcomes["BrokenSource"] > CASES / 5
    assert peak.mb < CONFINED.memory_mb + MAPPED_MB
    assert after.kind == PICTURE, after


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    pictures = seeds(None)

    once = list(cases(pictures, seed=7, count=40))
    again = list(cases(pictures, seed=7, count=80))
    other = list(cases(pictures, seed=8, count=40))

    assert again[:40] == once
    assert other != once
    assert len({case.data for case in once}) > 35


@pytest.mark.parametrize("again", [False, True])
def test_the_command_ends_well_if_all_answers_are_right(again: bool, tmp_path: Path) -> None:
    rest = ["--again", str(tmp_path)] if again else ["--cases", "60", "--corpus", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, "-m", "loadtests.fuzz", "--workers", "1", "--keep", "kept", *rest],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 wrong answers" in done.stdout


def test_inputs_that_are_kept_can_be_tried_again(tmp_path: Path) -> None:
    case = next(cases(seeds(None), seed=1, count=1))
    tally = Tally(tmp_path)

    async def crash() -> None:
        async with open_workers(1, Limits()) as workers:
            # No time at all: a worker that is killed is worth another look.
            tally.note(case, await attempt(workers, case.plan, case.data, seconds=0))

    asyncio.run(crash())

    assert tally.wrong == []
    assert kept_cases(tmp_path) == [case]
