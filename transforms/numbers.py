"""Numbers as URLs write them: finite, plain decimal, within bounds."""

from __future__ import annotations

import math
import re

_FLOAT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read_number(word: str, low: float, high: float) -> float:
    """A finite decimal number within the bounds; ValueError says what is wrong."""
    if len(word) > 40 or not _FLOAT.fullmatch(word):
        raise ValueError("not a number")
    value = float(word)
    if not (math.isfinite(value) and low <= value <= high):
        raise ValueError(f"not in {low:g}..{high:g}")
    return value
