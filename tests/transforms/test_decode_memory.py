"""What is foreseen of decoding, against what it really holds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.transforms.held import KINDS

ROOT = Path(__file__).parents[2]
# Of allocators, and of rows in passing.
LOOSE_MB = 20


@pytest.fixture(scope="module")
def held() -> dict[str, Any]:
    """Measured in a process where any pixels that libvips puts into a file are an error, and what
    is given back is given back at once.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.transforms.held"],
        cwd=ROOT,
        env={**os.environ, "VIPS_DISC_THRESHOLD": "1m", "MALLOC_MMAP_THRESHOLD_": "131072"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return {line["kind"]: line for line in map(json.loads, done.stdout.splitlines())}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_foreseen_is_never_far_too_little(kind: str, held: dict[str, Any]) -> None:
    assert held[kind]["peak"] < 1.25 * held[kind]["foreseen"] + LOOSE_MB


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_foreseen_is_not_a_fancy(kind: str, held: dict[str, Any]) -> None:
    assert held[kind]["foreseen"] < 4 * held[kind]["peak"] + LOOSE_MB


def test_of_a_watermark_only_what_is_seen_is_made(held: dict[str, Any]) -> None:
    assert held["watermark"]["peak"] < 80
