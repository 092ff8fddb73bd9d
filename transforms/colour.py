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

    def __post_init__(self) -> None:
        for channel in (self.red, self.green, self.blue):
            if type(channel) is not int or not 0 <= channel <= 255:
                raise ValueError(f"{channel!r} is not in 0..255")

    @classmethod
    def read(cls, text: str) -> Colour:
        """Three or six hex digits; ValueError for anything else."""
        if not _HEX.fullmatch(text):
            raise ValueError
        if len(text) == 3:
            text = "".join(digit * 2 for digit in text)
        return cls(*bytes.fromhex(text))

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
