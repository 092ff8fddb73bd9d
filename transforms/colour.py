"""A colour as URLs write it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

_HEX = re.compile(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Colour:
    """An opaque sRGB colour, 0..255 per channel; written as six lower-case hex digits."""

    red: int
    green: int
    blue: int

    expects: ClassVar[str] = "3 or 6 hex digits without #"

    @classmethod
    def read(cls, text: str) -> Colour:
        """Three or six hex digits; ValueError for anything else."""
        if not _HEX.fullmatch(text):
            raise ValueError(text)
        if len(text) == 3:
            text = "".join(digit * 2 for digit in text)
        return cls(int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16))

    def __str__(self) -> str:
        return f"{self.red:02x}{self.green:02x}{self.blue:02x}"

    @property
    def channels(self) -> list[float]:
        return [float(self.red), float(self.green), float(self.blue)]

    @property
    def luma(self) -> float:
        """Rec. 709 luma of the encoded values, 0..255."""
        return 0.2126 * self.red + 0.7152 * self.green + 0.0722 * self.blue


BLACK = Colour(0, 0, 0)
WHITE = Colour(255, 255, 255)
