"""Whatever a picture claims to be, its worker answers in time and within its memory, or dies alone.

Whether a bomb is refused or defused is policy; that somebody is told in words is not.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from loadtests.fuzz.outcome import PICTURE
from origin.sandbox import Confinement
from tests.hostile.bombs import BOMBS, avif
from tests.hostile.siege import CONFINED, SECONDS, Attack, Siege, besieged
from tests.pictures import made

BAD = Path(__file__).parents[3] / "shared" / "corpus" / "bad"
# What has to be in memory as a whole.
ALL_AT_ONCE = "rot:90/w:64@png"
HUNGRY = (
    "png 9999x9999 in 16 bits with alpha",
    "png 9999x9999 interlaced in 16 bits",
    "png 28 rows of 2000000 in 16 bits",
    "webp 9999x9999",
    "jpeg 9999x9999 progressive in colour",
    "svg 9999x9999 inside",
)
# The kernel counts data, not the code and the picture that are mapped beside it.
MAPPED_MB = 100
# Of the event loop, on a machine that does other things too.
GRACE = 5.0


@pytest.fixture(scope="module")
def siege() -> Siege:
    return asyncio.run(besieged({name: Attack(write) for name, write in BOMBS.items()}))


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_answered_in_words_or_with_a_picture(name: str, siege: Siege) -> None:
    outcome = siege.outcomes[name]

    assert outcome.right, outcome
    assert outcome.seconds < SECONDS + GRACE


def test_workers_stay_within_their_memory(siege: Siege) -> None:
    assert siege.peak_mb < CONFINED.memory_mb + MAPPED_MB


def test_an_honest_picture_is_made_after_all_of_them(siege: Siege) -> None:
    assert siege.after.kind == PICTURE, siege.after


def test_a_lower_limit_holds_for_the_hungriest() -> None:
    attacks = {name: Attack(BOMBS[name], ALL_AT_ONCE) for name in HUNGRY}

    siege = asyncio.run(besieged(attacks, confinement=Confinement(memory_mb=384)))

    assert not [str(outcome) for outcome in siege.outcomes.values() if not outcome.right]
    assert siege.peak_mb < 384 + MAPPED_MB
    assert siege.after.kind == PICTURE, siege.after


def test_what_is_known_to_have_broken_others_breaks_nothing() -> None:
    files = [path for path in sorted(BAD.glob("*")) if path.suffix != ".py"]
    if not files:
        pytest.skip(f"no corpus at {BAD}")
    attacks = {
        f"{path.name} {asked}": Attack(path.read_bytes, asked)
        for path in files
        for asked in ("w:64@jpg", "w:64/sm:0@webp", "rot:90@png")
        if asked == "w:64@jpg" or not path.name.startswith("gen-")
    }

    siege = asyncio.run(besieged(attacks))

    assert not [str(outcome) for outcome in siege.outcomes.values() if not outcome.right]
    assert siege.after.kind == PICTURE, siege.after


@pytest.mark.parametrize(("columns", "rows"), [(1, 1), (3, 2), (12, 12)])
def test_an_avif_of_few_tiles_is_a_picture(columns: int, rows: int) -> None:
    assert made("@png", avif.grid(columns, rows)).width == 64 * columns
