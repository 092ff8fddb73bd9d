"""A file that is none of our formats reaches no loader, whatever its name says."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from loadtests.fuzz.outcome import PICTURE
from tests.hostile.disguises import DISGUISES, OURS
from tests.hostile.siege import Attack, Siege, besieged
from transforms.codecs import CODECS

ROOT = Path(__file__).parents[2]
FORMATS = ROOT.parent / "shared" / "corpus" / "formats"
FOREIGN = (".heic", ".jxl", ".ico")


def bytes_of(data: bytes) -> bytes:
    return data


@pytest.fixture(scope="module")
def siege() -> Siege:
    files = {**DISGUISES, **OURS}
    for path in FORMATS.glob("*"):
        if path.suffix in FOREIGN:
            files[path.name] = path.read_bytes()
    attacks = {name: Attack(partial(bytes_of, data)) for name, data in files.items()}
    return asyncio.run(besieged(attacks))


@pytest.mark.parametrize("name", DISGUISES)
def test_what_is_none_of_our_formats_is_refused_unread(name: str, siege: Siege) -> None:
    assert siege.outcomes[name].kind == "UnsupportedSource", siege.outcomes[name]


@pytest.mark.parametrize("name", OURS)
def test_what_only_begins_like_ours_is_answered_in_words(name: str, siege: Siege) -> None:
    outcome = siege.outcomes[name]

    assert outcome.right, outcome
    assert outcome.kind != PICTURE


def test_whole_pictures_of_other_formats_are_refused_too(siege: Siege) -> None:
    kinds = {
        name: outcome.kind
        for name, outcome in siege.outcomes.items()
        if Path(name).suffix in FOREIGN
    }
    if not kinds:
        pytest.skip(f"no corpus at {FORMATS}")

    assert set(kinds.values()) == {"UnsupportedSource"}, kinds


def test_a_worker_can_call_the_loaders_and_savers_of_its_codecs_and_no_others(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.doors", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    said: dict[str, str] = json.loads(done.stdout)
    ours = {name for codec in CODECS.values() for name in codec.operations}
    opened = {name for name, words in said.items() if "blocked" not in words}
    # Drawings may be switched off.
    drawings = {name for codec in CODECS.values() if codec.vector for name in codec.operations}
    assert ours <= set(said)
    assert opened | drawings == ours, {name: said[name] for name in opened ^ ours}
