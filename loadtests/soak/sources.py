"""The pictures that visitors of the soak want: good ones of every kind, and broken ones."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyvips

from loadtests.bench.pictures import photographs

_BAD = Path(__file__).parents[3] / "shared" / "corpus" / "bad"
_SIZES = (400, 700, 1000, 1400, 1800)
_FRAMES = 8
_LARGEST_BAD = 1 << 20
_DRAWING = b"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80">
<rect width="120" height="80" fill="#246"/><circle cx="60" cy="40" r="30" fill="#fc3"/>
<path d="M10 70 C40 10 80 10 110 70" stroke="#fff" stroke-width="4" fill="none"/></svg>"""


@dataclass(frozen=True, slots=True)
class Pictures:
    """Name → bytes."""

    photographs: dict[str, bytes]
    animations: dict[str, bytes]
    drawings: dict[str, bytes]
    broken: dict[str, bytes]

    @property
    def all(self) -> dict[str, bytes]:
        return self.photographs | self.animations | self.drawings | self.broken


def pictures() -> Pictures:
    """Of the corpus where it is at hand, drawn ones elsewhere."""
    large = list(photographs().values())
    small = {
        f"{place}-{width}.jpg": _scaled(data, width)
        for place, data in enumerate(_scaled(one, _SIZES[-1]) for one in large)
        for width in _SIZES
    }
    photo = small["0-700.jpg"]
    return Pictures(
        {**small, "large.jpg": large[0], "photo.png": _as_png(photo)},
        {"moving.gif": _moving(photo, ".gif"), "moving.webp": _moving(photo, ".webp")},
        {"drawing.svg": _DRAWING},
        {**_broken(photo), **_bad()},
    )


def _scaled(data: bytes, width: int) -> bytes:
    image = pyvips.Image.thumbnail_buffer(data, width)
    return bytes(image.write_to_buffer(".jpg[Q=85]"))


def _as_png(data: bytes) -> bytes:
    return bytes(pyvips.Image.new_from_buffer(data, "").write_to_buffer(".png"))


def _moving(data: bytes, suffix: str) -> bytes:
    """A picture that turns its colours around."""
    still = pyvips.Image.thumbnail_buffer(data, 240)
    frames = [still * (1 - place / 16) for place in range(_FRAMES)]
    film = pyvips.Image.arrayjoin(frames, across=1).cast("uchar").copy(interpretation="srgb")
    film = film.copy()
    film.set_type(pyvips.GValue.gint_type, "page-height", still.height)
    return bytes(film.write_to_buffer(suffix))


def _broken(data: bytes) -> dict[str, bytes]:
    middle = len(data) // 2
    return {
        "short.jpg": data[:500],
        "scrambled.jpg": data[:600] + bytes(reversed(data[600:middle])) + data[middle:],
        "text.jpg": b"no picture at all",
        "empty.jpg": b"",
    }


def _bad() -> dict[str, bytes]:
    """Files that are known for what they did to other decoders."""
    files = sorted(_BAD.glob("*.*")) if _BAD.is_dir() else []
    return {
        f"bad{number}{file.suffix}": file.read_bytes()
        for number, file in enumerate(files)
        if file.suffix != ".py" and file.stat().st_size <= _LARGEST_BAD
    }
