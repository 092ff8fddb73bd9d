"""Names of formats, and the qualities asked for per format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from transforms.numbers import read_whole


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
    """Quality per format, 0..100; sorted, and the later entry of a format wins."""

    entries: tuple[tuple[Format, int], ...] = ()

    expects: ClassVar[str] = "pairs of a format and a quality in 0..100"
    most_words: ClassVar[int] = 64
    adds_up: ClassVar[bool] = True

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Qualities:
        if len(words) % 2:
            raise ValueError("an odd number of words")
        pairs = zip(words[::2], words[1::2], strict=True)
        return cls(tuple((Format(name), read_whole(quality)) for name, quality in pairs))

    def __post_init__(self) -> None:
        for _, quality in self.entries:
            if not 0 <= quality <= 100:
                raise ValueError(f"{quality} is not in 0..100")
        object.__setattr__(self, "entries", tuple(sorted(dict(self.entries).items())))

    def __add__(self, later: Qualities) -> Qualities:
        return Qualities(self.entries + later.entries)

    def __str__(self) -> str:
        return ":".join(f"{name}:{quality}" for name, quality in self.entries)

    def of(self, name: Format) -> int:
        """The quality asked for, 0 if none was."""
        return dict(self.entries).get(name, 0)
