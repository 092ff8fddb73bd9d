"""What a render will cost, before its source is there, and how well that was foreseen.

    milliseconds = decoding (bytes of the source) + operations + encoding (pixels of the result)

The figures are of one core and one kind of picture; what they miss by is learned per output format
and size, from every render. A size in pixels is not known yet: photographs have about four for a
byte, and whoever deceives us here pays by what is learned of him.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from transforms.canvas import Canvas
from transforms.formats import Format
from transforms.plan import Plan

_PIXELS_PER_BYTE: Final = 4
_MS_PER_SOURCE_MB: Final = 9.0
# Milliseconds for a megapixel, as the encoders are set.
_ENCODING: Final = {
    Format.JPEG: 12.0,
    Format.WEBP: 60.0,
    Format.AVIF: 130.0,
    Format.PNG: 90.0,
    Format.GIF: 150.0,
    Format.TIFF: 15.0,
}
_OTHER: Final = 60.0
_FLOOR_MS: Final = 2.0
_UNKNOWN_BYTES: Final = 2 << 20
# How much a single render says: a tenth, so that one odd picture changes little.
_WEIGHT: Final = 0.1
_MOST_OFF: Final = 50.0


@dataclass(frozen=True, slots=True)
class Cost:
    """ms: of a worker's time. kind: what it is learned as."""

    ms: float
    kind: tuple[str, int]
    foreseen: float


@dataclass(slots=True)
class Learned:
    """Of all renders to one format: how many, what was foreseen, and what it came to."""

    count: int = 0
    foreseen_ms: float = 0.0
    real_ms: float = 0.0

    def add(self, foreseen_ms: float, real_ms: float) -> None:
        self.count += 1
        self.foreseen_ms += foreseen_ms
        self.real_ms += real_ms


class Costs:
    """Of one process. The kinds are few: formats, and powers of four of the result's pixels.

    learned: by format.
    """

    def __init__(self) -> None:
        self._factors: dict[tuple[str, int], float] = {}
        self.learned: dict[str, Learned] = {}

    def predict(self, plan: Plan, source_bytes: int | None) -> Cost:
        """Of a render of the plan, alone on a core."""
        known = _UNKNOWN_BYTES if source_bytes is None else source_bytes
        pixels = max(1, known * _PIXELS_PER_BYTE)
        side = max(1, math.isqrt(pixels))
        canvas = Canvas(side, side)
        try:
            result = plan.size(canvas)
            area, operations = result.width * result.height, plan.cost(canvas)
        except Exception:
            # A crop beyond the guessed size and the like: the worker will say what is wrong.
            area, operations = pixels, 0.0
        name = _format(plan)
        encoding = _ENCODING.get(name, _OTHER) if name is not None else _OTHER
        foreseen = _FLOOR_MS + known / 2**20 * _MS_PER_SOURCE_MB + operations
        foreseen += area / 1e6 * encoding
        kind = (str(name), int(math.log(max(1, area), 4)))
        return Cost(foreseen * self._factors.get(kind, 1.0), kind, foreseen)

    def learn(self, cost: Cost, ms: float) -> None:
        """How long it really took."""
        self.learned.setdefault(cost.kind[0], Learned()).add(cost.ms, ms)
        factor = min(max(ms / cost.foreseen, 1 / _MOST_OFF), _MOST_OFF)
        before = self._factors.get(cost.kind, 1.0)
        # In powers, or one that took a hundred times as long would count a hundred times as much.
        self._factors[cost.kind] = before * (factor / before) ** _WEIGHT


def _format(plan: Plan) -> Format | None:
    output = plan.output
    return output.format or (output.offers[0] if output.offers else None)
