"""The pixels on their way through a plan, frame by frame, with the canvas that they fill."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import pyvips

from transforms.canvas import Canvas
from transforms.colourspace import WorkingSpace
from transforms.turn import UPRIGHT, Turn


@dataclass(frozen=True, slots=True)
class Picture:
    """Frames of equal size (one for a still), and the canvas in upright, full-size pixels.

    Until `uprighted`, frames are stored as in the file and may have been decoded smaller than
    the canvas says (shrink-on-load); the canvas counts in the pixels of the original.
    """

    frames: tuple[pyvips.Image, ...]
    canvas: Canvas
    space: WorkingSpace = WorkingSpace()  # noqa: RUF009  (frozen)
    assets: Mapping[str, pyvips.Image] = field(default_factory=dict)

    @property
    def first(self) -> pyvips.Image:
        return self.frames[0]

    @property
    def has_alpha(self) -> bool:
        return bool(self.first.hasalpha())

    def map(self, change: Callable[[pyvips.Image], pyvips.Image]) -> Picture:
        return replace(self, frames=tuple(change(frame) for frame in self.frames))

    def on(self, canvas: Canvas) -> Picture:
        return replace(self, canvas=canvas)

    def settled(self) -> Picture:
        """The same with every pixel in memory: for work that reads them out of order, or twice."""
        return self.map(pyvips.Image.copy_memory)

    def in_working_space(self) -> Picture:
        """The same in the colour space that effects and encoders expect."""
        return self.map(self.space.convert)

    def uprighted(self) -> Picture:
        """The same with the pending turn done."""
        turn = self.canvas.turn
        if turn == UPRIGHT:
            return self
        settled = self.settled() if turn.quarters else self
        return settled.map(lambda frame: turned(frame, turn)).on(replace(self.canvas, turn=UPRIGHT))


def turned(image: pyvips.Image, turn: Turn) -> pyvips.Image:
    if turn.quarters:
        image = image.rot(("d0", "d90", "d180", "d270")[turn.quarters])
    return image.fliphor() if turn.mirrored else image


def premultiplied(
    image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]
) -> pyvips.Image:
    """Does `change` with colours weighted by their opacity, so that edges do not bleed."""
    if not image.hasalpha():
        return change(image)
    return rounded(change(image.premultiply()).unpremultiply(), image)


def on_colour(image: pyvips.Image, change: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """Does `change` to the colour bands and leaves opacity as it is."""
    if not image.hasalpha():
        return rounded(change(image), image).copy(interpretation=image.interpretation)
    colour = image.extract_band(0, n=image.bands - 1)
    alpha = image.extract_band(image.bands - 1)
    changed = rounded(change(colour), image)
    return changed.bandjoin(alpha).copy(interpretation=image.interpretation)


def rounded(image: pyvips.Image, like: pyvips.Image) -> pyvips.Image:
    """In the number format of the other one; a cast alone would cut off fractions, and darken."""
    if image.format == like.format:
        return image
    whole = like.format not in ("float", "double")
    return (image.rint() if whole else image).cast(like.format)


def peak(image: pyvips.Image) -> float:
    """The value of white (or of full opacity) in this image's number format."""
    return 65535.0 if image.format == "ushort" else 255.0


def in_colour(image: pyvips.Image) -> pyvips.Image:
    """Three colour bands, for effects that may bring colour to a grey picture."""
    if image.interpretation not in ("b-w", "grey16"):
        return image
    # A profile for grey would say nothing about colours.
    return WorkingSpace(deep=True).convert(image).colourspace(_colour_space(image))


def as_deep(image: pyvips.Image, depth_of: pyvips.Image) -> pyvips.Image:
    """The image in the number format of another one; white stays white."""
    if image.format == depth_of.format:
        return image
    if depth_of.format == "ushort":
        # libvips would multiply by 256, and leave white and full opacity a little below theirs.
        space = "grey16" if image.bands < 3 else "rgb16"
        return (image.cast("ushort") * 257).cast("ushort").copy(interpretation=space)
    return image.colourspace("b-w" if image.bands < 3 else "srgb")


def _colour_space(image: pyvips.Image) -> str:
    return "rgb16" if image.format == "ushort" else "srgb"


def with_alpha(image: pyvips.Image) -> pyvips.Image:
    return image if image.hasalpha() else image.bandjoin_const([peak(image)])
