"""The demo's pictures, drawn by arithmetic: a landscape, a badge, a clock and a mark."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pyvips

_WIDTH, _HEIGHT = 4032, 3024

_SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 120" width="120" height="120">
<rect width="120" height="120" rx="24" fill="#1b1b4b"/>
<circle cx="60" cy="60" r="34" fill="none" stroke="#ffd166" stroke-width="10"/>
<path d="M60 26v14M60 80v14M26 60h14M80 60h14" stroke="#ef476f" stroke-width="8"/>
<circle cx="60" cy="60" r="10" fill="#ef476f"/></svg>
"""


def draw_pictures(folder: Path) -> None:
    """Draws those that are not there yet; a picture appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, draw in _PICTURES.items():
        path = folder / name
        if not path.exists():
            part = path.with_name(f".{name}.part")
            part.write_bytes(draw())
            part.replace(path)


def _valley(width: int = _WIDTH, height: int = _HEIGHT) -> pyvips.Image:
    """Sky, a sun, and ridges that fade with distance."""
    place = pyvips.Image.xyz(width, height)
    x, y = place[0] / width, place[1] / height
    sky = _mix((24, 34, 92), (255, 176, 112), (y * 1.5).cast("float"))
    glow = (((x - 0.72) ** 2 * (width / height) ** 2 + (y - 0.35) ** 2) * -18).exp()
    picture = sky + _tint(glow)
    picture = (glow > 0.93).ifthenelse([255, 244, 214], picture)
    grain = pyvips.Image.perlin(width, height, cell_size=256, seed=7) / 2 + 0.5
    fine = pyvips.Image.gaussnoise(width, height, mean=0, sigma=3, seed=3)
    for layer in range(5):
        depth = layer / 4
        ridge = (
            0.46
            + 0.11 * layer
            + sum(
                (
                    (x * (0.9 * octave + 0.25 * layer) * 360 + layer * 140 + octave * 57).sin()
                    * (0.045 / octave)
                    for octave in (1, 2, 3, 5)
                ),
                start=x * 0,
            )
            * (0.7 + 0.5 * depth)
        )
        near, far = (18, 38, 34), (150, 118, 140)
        base = [a * depth + b * (1 - depth) for a, b in zip(near, far, strict=True)]
        hill = pyvips.Image.black(width, height, bands=3) + base
        hill = hill + (grain - 0.5) * (60 * depth + 14)
        picture = (y > ridge).ifthenelse(hill, picture)
    return (picture + fine).cast("uchar").copy(interpretation="srgb")


def _tint(strength: pyvips.Image) -> pyvips.Image:
    return (strength * 120).bandjoin(strength * 90).bandjoin(strength * 40)


def _mix(
    one: tuple[int, int, int], other: tuple[int, int, int], share: pyvips.Image
) -> pyvips.Image:
    share = (share > 1).ifthenelse(1, share)
    bands = [share * (b - a) + a for a, b in zip(one, other, strict=True)]
    return bands[0].bandjoin(bands[1]).bandjoin(bands[2])


def _badge(side: int = 640) -> pyvips.Image:
    """A ring on nothing, with soft edges."""
    place = pyvips.Image.xyz(side, side)
    radius = ((place[0] - side / 2) ** 2 + (place[1] - side / 2) ** 2) ** 0.5
    edge = side * 0.46 - radius
    alpha = ((edge > 1).ifthenelse(1, (edge < 0).ifthenelse(0, edge))) * 255
    ring = (radius > side * 0.30).ifthenelse([27, 27, 75], [255, 209, 102])
    dot = (radius < side * 0.12).ifthenelse([239, 71, 111], ring)
    return dot.bandjoin(alpha).cast("uchar").copy(interpretation="srgb")


def _clock(side: int = 320, frames: int = 24) -> pyvips.Image:
    """A hand that goes round once."""
    place = pyvips.Image.xyz(side, side)
    x, y = place[0] - side / 2, place[1] - side / 2
    radius = (x**2 + y**2) ** 0.5
    face = (radius < side * 0.47).ifthenelse([244, 241, 222], [61, 64, 91])
    made = []
    for frame in range(frames):
        angle = math.tau * frame / frames
        along = x * math.sin(angle) - y * math.cos(angle)
        across = x * math.cos(angle) + y * math.sin(angle)
        hand = (along > 0) & (along < side * 0.4) & (across.abs() < side * 0.02)
        made.append(hand.ifthenelse([224, 122, 95], face).cast("uchar"))
    film = pyvips.Image.arrayjoin(made, across=1).copy(interpretation="srgb")
    film.set_type(pyvips.GValue.gint_type, "page-height", side)
    film.set_type(pyvips.GValue.array_int_type, "delay", [80] * frames)
    film.set_type(pyvips.GValue.gint_type, "loop", 0)
    return film


def _phone() -> bytes:
    """Stored lying on its side, as phones do, with the tag that says so."""
    stored = _valley(1600, 1200).copy_memory().rot270()
    stored.set_type(pyvips.GValue.gint_type, "orientation", 6)
    return stored.jpegsave_buffer(Q=88)


_PICTURES: dict[str, Callable[[], bytes]] = {
    "valley.jpg": lambda: _valley().jpegsave_buffer(Q=90),
    "phone.jpg": _phone,
    "badge.png": lambda: _badge().pngsave_buffer(),
    "clock.gif": lambda: _clock().gifsave_buffer(),
    "mark.svg": _SVG.encode,
}
