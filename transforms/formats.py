"""Names of formats, and the qualities asked for per format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from transforms.numbers import read_number


class Format(StrEnum):
    """Every format that a URL may name; which of them are read and written, the codecs say."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    AVIF = "avif"
    GIF = "gif"
    TIFF = "tiff"
    JXL = "jxl"
    SVG = "svg"
    HEIC = "heic"
    BMP = "bmp"
    ICO = "ico"

    @classmethod
    def _missing_(cls, value: object) -> Format | None:
        return cls.JPEG if value == "jpg" else cls.TIFF if value == "tif" else None


@dataclass(frozen=True, slots=True)
class Qualities:
    """Quality per format, 0..100; later entries win."""

    entries: tuple[tuple[Format, int], ...] = ()

    expects: ClassVar[str] = "pairs of a format and a quality in 0..100"
    most_words: ClassVar[int] = 64
    adds_up: ClassVar[bool] = True

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Qualities:
        if len(words) % 2 or not words:
            raise ValueError("an odd number of words")
        return cls() + cls(
            tuple(
                (Format(name), _quality(quality))
                for name, quality in zip(words[::2], words[1::2], strict=True)
            )
        )

    def __add__(self, later: Qualities) -> Qualities:
        return Qualities(tuple(sorted({**dict(self.entries), **dict(later.entries)}.items())))

    def __str__(self) -> str:
        return ":".join(f"{name}:{quality}" for name, quality in self.entries)

    def of(self, name: Format) -> int:
        """The quality asked for, 0 if none was."""
        return dict(self.entries).get(name, 0)


def _quality(word: str) -> int:
    if not word.isdecimal():
        raise ValueError("not a whole number")
    return int(read_number(word, 0, 100))
