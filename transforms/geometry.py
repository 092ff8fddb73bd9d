"""How large: imgproxy's resize arithmetic, words in, numbers out (spec section 8).

No picture is needed here. `lay_out` answers what a resize makes of a size: how large the scaled
picture is, what it is cut to, and which size the canvas aims at.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum


class Fit(StrEnum):
    FIT = "fit"
    FILL = "fill"
    FILL_DOWN = "fill-down"
    FORCE = "force"
    AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Frame:
    """What was asked for. Zero sizes are free."""

    fit: Fit = Fit.FIT
    width: int = 0
    height: int = 0
    min_width: int = 0
    min_height: int = 0
    zoom_x: float = 1.0
    zoom_y: float = 1.0
    dpr: float = 1.0
    enlarge: bool = False
    extend: bool = False
    extend_ratio: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What it comes to. `scale` is the device pixel ratio that was reached."""

    scaled: tuple[int, int]
    result: tuple[int, int]
    target: tuple[int, int]
    ratio_target: tuple[int, int]
    scale: float

    @property
    def cut(self) -> tuple[int, int]:
        """The scaled size, cut to the result where that is smaller."""
        return least(self.result[0], self.scaled[0]), least(self.result[1], self.scaled[1])


def nearest(value: float) -> int:
    """Rounds half up: the length below, or the one above from half way on."""
    below = math.floor(value)
    return below + (value - below >= 0.5)


def scaled(length: float, factor: float) -> int:
    return nearest(length * factor)


def least(one: int, other: int) -> int:
    """The smaller of two lengths, where 0 means free."""
    if one == 0 or other == 0:
        return one or other
    return min(one, other)


def cropped(original: int, crop: float) -> int:
    """A crop length: pixels from 1 on, a fraction below, 0 for all."""
    if crop == 0:
        return original
    length = int(crop) if crop >= 1 else max(1, scaled(original, crop))
    return min(length, original)


def lay_out(
    frame: Frame, width: int, height: int, *, vector: bool = False, squeeze: float = 1.0
) -> Layout:
    """What `frame` makes of a picture of this size; `squeeze` < 1 shrinks the result further."""
    shrink_x, shrink_y, scale = _shrinks(frame, width, height, vector=vector)
    by_x, by_y = 1 / shrink_x, 1 / shrink_y
    if squeeze < 1:
        by_x, by_y = max(by_x * squeeze, 1 / width), max(by_y * squeeze, 1 / height)
        scale *= squeeze
    size = (scaled(width, by_x), scaled(height, by_y))
    target = (
        scaled(frame.width, scale * frame.zoom_x),
        scaled(frame.height, scale * frame.zoom_y),
    )
    layout = Layout(size, target, target, (0, 0), scale)
    if frame.fit is Fit.FILL_DOWN and not frame.enlarge:
        layout = replace(layout, result=_filled_down(size, target))
    if frame.extend_ratio and all(target):
        layout = replace(layout, ratio_target=_grown_to_ratio(layout.cut, target))
    return layout


def _shrinks(frame: Frame, w: int, h: int, *, vector: bool) -> tuple[float, float, float]:
    """How many source pixels make one of the result, per axis, and the ratio reached."""
    kx = w / frame.width if frame.width and frame.width != w else 1.0
    ky = h / frame.height if frame.height and frame.height != h else 1.0
    if kx != 1 or ky != 1:
        kx, ky = _fitted(frame, kx, ky, w, h)
    kx, ky, scale = kx / frame.zoom_x, ky / frame.zoom_y, frame.dpr
    if not frame.enlarge and not vector:
        smallest = min(kx, ky)
        if smallest < 1:
            kx, ky = kx / smallest, ky / smallest
            if not frame.extend:
                scale /= smallest
        scale = min(scale, kx, ky)
    if frame.min_width and w / frame.min_width < kx:
        kx, ky = w / frame.min_width, ky / (kx / (w / frame.min_width))
    if frame.min_height and h / frame.min_height < ky:
        kx, ky = kx / (ky / (h / frame.min_height)), h / frame.min_height
    # Never below one pixel.
    return min(kx / scale, w), min(ky / scale, h), scale


def _fitted(frame: Frame, kx: float, ky: float, w: int, h: int) -> tuple[float, float]:
    fit = frame.fit
    if fit is Fit.AUTO:
        same = (w >= h) == ((frame.width or w) >= (frame.height or h))
        fit = Fit.FILL if same else Fit.FIT
    if fit is Fit.FORCE:
        return kx, ky
    if frame.width == 0:
        return ky, ky
    if frame.height == 0:
        return kx, kx
    one = max(kx, ky) if fit is Fit.FIT else min(kx, ky)
    return one, one


def _filled_down(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """The largest box of the target's ratio inside the scaled picture."""
    (width, height), (to_width, to_height) = size, target
    over_x, over_y = to_width / width, to_height / height
    # Rounded to nothing, a side would count as free.
    if over_x > over_y and over_x > 1:
        return width, max(min(1, to_height), scaled(width, to_height / to_width))
    if over_y > over_x and over_y > 1:
        return max(min(1, to_width), scaled(height, to_width / to_height)), height
    return target


def _grown_to_ratio(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """The smallest box of the target's ratio around the picture; (0, 0) if it has it."""
    (width, height), (to_width, to_height) = size, target
    over_x, over_y = to_width / width, to_height / height
    if over_y > over_x:
        return width, scaled(width, to_height / to_width)
    if over_x > over_y:
        return scaled(height, to_width / to_height), height
    return 0, 0
