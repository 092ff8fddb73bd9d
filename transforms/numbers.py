"""Numbers as URLs write them: finite, plain decimal, within bounds."""

from __future__ import annotations

import math
import re

_WHOLE = re.compile(r"[+-]?\d{1,20}", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_whole(word: str) -> int:
    """A decimal integer; ValueError for anything else."""
    if not _WHOLE.fullmatch(word):
        raise ValueError("not a whole number")
    return int(word)


def read_number(word: str, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite decimal number within the bounds; ValueError says what is wrong."""
    if len(word) > 40 or not _FLOAT.fullmatch(word):
        raise ValueError("not a number")
    return within(float(word), low, high)


def within(value: float, low: float, high: float) -> float:
    """The value if it is finite and within the bounds; minus zero becomes zero."""
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"not in {low:g}..{high:g}" if math.isfinite(low) else "too large")
    return float(value) + 0.0
