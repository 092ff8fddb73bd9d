"""What is asked of every server, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Format = Literal["jpeg", "webp", "avif"]


@dataclass(frozen=True, slots=True)
class Case:
    """A picture of this width, its shape kept, without enlarging."""

    format: Format
    width: int
    quality: int

    def __str__(self) -> str:
        return f"{self.format} {self.width} px q{self.quality}"


# In the middle stands what is timed; the others are looked at only. A number means something else
# in each format and each encoder, so the curve through three says more than one.
QUALITIES: dict[Format, tuple[int, int, int]] = {
    "jpeg": (60, 80, 90),
    "webp": (60, 80, 90),
    "avif": (45, 60, 75),
}


@dataclass(frozen=True, slots=True)
class Extent:
    """seconds: of one turn. rounds: turns that each server takes per case and kind of request."""

    widths: tuple[int, ...]
    rounds: int
    seconds: float

    def timed(self) -> list[Case]:
        return [
            Case(name, width, quality)
            for width in self.widths
            for name, (_, quality, _) in QUALITIES.items()
        ]

    def looked_at(self) -> list[Case]:
        """The ends of each format's curve, at the last width."""
        return [
            Case(name, self.widths[-1], quality)
            for name, (low, _, high) in QUALITIES.items()
            for quality in (low, high)
        ]


FULL = Extent(widths=(400, 1200), rounds=7, seconds=2.0)
QUICK = Extent(widths=(400,), rounds=3, seconds=0.8)
