"""imgproxy's arithmetic, written down from its specification and not from our code.

The names are the specification's (sections 8 and 9), so that the two can be read side by side.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

Size = tuple[int, int]


@dataclass(frozen=True)
class Asked:
    """The settings of one URL, as the specification calls them."""

    type: str = "fit"
    width: int = 0
    height: int = 0
    min_width: int = 0
    min_height: int = 0
    zoom_x: float = 1.0
    zoom_y: float = 1.0
    dpr: float = 1.0
    enlarge: bool = False
    extend: bool = False
    extend_ar: bool = False
    crop: tuple[float, float] = (0.0, 0.0)
    rotate: int = 0
    auto_rotate: bool = True
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    limit: int = 0

    @property
    def url(self) -> str:
        top, right, bottom, left = self.padding
        crop_width, crop_height = self.crop
        return (
            f"rt:{self.type}/w:{self.width}/h:{self.height}/mw:{self.min_width}"
            f"/mh:{self.min_height}/z:{self.zoom_x!r}:{self.zoom_y!r}/dpr:{self.dpr!r}"
            f"/el:{self.enlarge:d}/ex:{self.extend:d}/exar:{self.extend_ar:d}"
            f"/c:{crop_width!r}:{crop_height!r}/rot:{self.rotate}/ar:{self.auto_rotate:d}"
            f"/pd:{top}:{right}:{bottom}:{left}"
        )


@dataclass(frozen=True)
class Outcome:
    """scaled: before the cut. size: with everything. d: the pixel ratio that was reached.
    q: how much the limit on the result shrank it.
    """

    scaled: Size
    size: Size
    d: float
    q: float


def away(value: float) -> int:
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_UP))


def even(value: float) -> int:
    return int(Decimal(value).quantize(Decimal(1), ROUND_HALF_EVEN))


def scale(a: int, s: float) -> int:
    return away(a * s)


def minnz(a: int, b: int) -> int:
    return max(a, b) if min(a, b) == 0 else min(a, b)


def crop(o: int, c: float) -> int:
    if c == 0:
        return 0
    return math.trunc(c) if c >= 1 else max(1, scale(o, c))


def outcome(stored: Size, exif_swaps: bool, asked: Asked, *, vector: bool = False) -> Outcome:
    """Section 8, from the stored size to that of the result."""
    w0, h0 = stored
    if (exif_swaps and asked.auto_rotate) != (asked.rotate in (90, 270)):
        w0, h0 = h0, w0
    w, h = minnz(crop(w0, asked.crop[0]), w0), minnz(crop(h0, asked.crop[1]), h0)
    sx, sy, d = _scales(w, h, asked, vector=vector)
    scaled, size = _sizes(w, h, sx, sy, d, asked)
    q = 1.0
    if asked.limit and max(size) > asked.limit:
        q = asked.limit / max(size)
        sx, sy, d = max(sx * q, 1 / w), max(sy * q, 1 / h), d * q
        scaled, size = _sizes(w, h, sx, sy, d, asked)
    return Outcome(scaled, size, d, q)


def _scales(w: int, h: int, asked: Asked, *, vector: bool) -> tuple[float, float, float]:
    kx = w / asked.width if asked.width > 0 and asked.width != w else 1.0
    ky = h / asked.height if asked.height > 0 and asked.height != h else 1.0
    if kx != 1 or ky != 1:
        t = asked.type
        if t == "auto":
            dw, dh = asked.width or w, asked.height or h
            t = "fill" if (w >= h) == (dw >= dh) else "fit"
        if asked.width == 0 and t != "force":
            kx = ky
        elif asked.height == 0 and t != "force":
            ky = kx
        elif t == "fit":
            kx = ky = max(kx, ky)
        elif t in ("fill", "fill-down"):
            kx = ky = min(kx, ky)
    kx /= asked.zoom_x
    ky /= asked.zoom_y
    d = asked.dpr
    if not asked.enlarge and not vector:
        m = min(kx, ky)
        if m < 1:
            kx /= m
            ky /= m
            if not asked.extend:
                d /= m
        d = min(d, kx, ky)
    if asked.min_width > 0 and w / asked.min_width < kx:
        ky /= kx / (w / asked.min_width)
        kx = w / asked.min_width
    if asked.min_height > 0 and h / asked.min_height < ky:
        kx /= ky / (h / asked.min_height)
        ky = h / asked.min_height
    kx = min(kx / d, w)
    ky = min(ky / d, h)
    return 1 / kx, 1 / ky, d


def _sizes(w: int, h: int, sx: float, sy: float, d: float, asked: Asked) -> tuple[Size, Size]:
    tw, th = scale(asked.width, d * asked.zoom_x), scale(asked.height, d * asked.zoom_y)
    sw, sh = scale(w, sx), scale(h, sy)
    rw, rh = tw, th
    if asked.type == "fill-down" and not asked.enlarge:
        a, b = tw / sw, th / sh
        if a > b and a > 1:
            rw, rh = sw, scale(sw, th / tw)
            rh = max(rh, min(th, 1))  # Not imgproxy's: there it rounds to 0, which is "free".
        elif b > a and b > 1:
            rw, rh = scale(sh, tw / th), sh
            rw = max(rw, min(tw, 1))
    ow, oh = minnz(sw, rw), minnz(sh, rh)
    ew = eh = 0
    if asked.extend_ar and tw and th:
        a, b = tw / ow, th / oh
        if b > a:
            ew, eh = ow, scale(ow, th / tw)
        elif a > b:
            ew, eh = scale(oh, tw / th), oh
    if asked.extend:
        ow, oh = max(ow, tw), max(oh, th)
    if asked.extend_ar:
        ow, oh = max(ow, ew), max(oh, eh)
    top, right, bottom, left = (even(side * d) for side in asked.padding)
    return (sw, sh), (ow + left + right, oh + top + bottom)


def position(inner: Size, outer: Size, gravity: tuple[str, float, float], d: float) -> Size:
    """Section 9: left and top of the inner box, clamped to the outer one."""
    (w, h), (big_w, big_h) = inner, outer
    kind, x, y = gravity
    if kind == "fp":
        left, top = even(big_w * x) - w // 2, even(big_h * y) - h // 2
    else:
        ox = even(x * d) if abs(x) >= 1 else even(big_w * x)
        oy = even(y * d) if abs(y) >= 1 else even(big_h * y)
        left, top = even((big_w - w + 1) / 2) + ox, even((big_h - h + 1) / 2) + oy
        if kind.startswith("no"):
            top = oy
        if kind.startswith("so"):
            top = big_h - h - oy
        if kind.endswith("we"):
            left = ox
        if kind.endswith("ea"):
            left = big_w - w - ox
    return max(0, min(left, big_w - w)), max(0, min(top, big_h - h))


def random_case(draw: random.Random) -> tuple[Size, int, bool, Asked]:
    """A stored size, an EXIF orientation, whether it is a drawing, and what is asked of it."""

    def side(most: int = 900) -> int:
        return draw.choice((0, 0, 1, 2, draw.randint(1, 60), draw.randint(1, most)))

    def factor() -> float:
        return draw.choice((1.0, 1.0, 2.0, 0.5, 3.0, round(draw.uniform(0.05, 4), 3)))

    def length() -> float:
        fraction, pixels = round(draw.uniform(0.001, 0.999), 3), float(draw.randint(1, 900))
        return draw.choice((0.0, 0.0, fraction, pixels, pixels + 0.7))

    def yes(chance: float = 0.3) -> bool:
        return draw.random() < chance

    asked = Asked(
        type=draw.choice(("fit", "fill", "fill-down", "force", "auto")),
        width=side(),
        height=side(),
        min_width=side() if yes() else 0,
        min_height=side() if yes() else 0,
        zoom_x=factor(),
        zoom_y=factor(),
        dpr=factor(),
        enlarge=yes(),
        extend=yes(),
        extend_ar=yes(),
        crop=(length(), length()),
        rotate=draw.choice((0, 0, 90, 180, 270)),
        auto_rotate=yes(0.8),
        padding=tuple(draw.randint(0, 40) for _ in range(4)) if yes() else (0, 0, 0, 0),  # type: ignore[arg-type]
        limit=0,
    )
    if asked.width:
        # Without any resize there is none to take part of the limit's shrink.
        asked = replace(asked, limit=draw.choice((0, 0, draw.randint(1, 500))))
    stored = (draw.randint(1, 800), draw.randint(1, 800))
    return stored, draw.randint(1, 8), yes(0.1), asked
