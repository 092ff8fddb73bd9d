"""Cut away an even border."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.colour import Colour
from transforms.grammar import Range
from transforms.kinds import at_most
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.room import flattened
from transforms.terms import Spelling

# find_trim takes medians of 3x3.
_LEAST_SIDE = 3
_MAGENTA = Colour(255, 0, 255)


def _off_if_blank(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """Without a threshold there is no trimming, with a blank colour it is the first pixel's."""
    threshold, *colour = at_most(4, words)[:2]
    given: dict[str, Sequence[str]] = {"threshold": [threshold] if threshold else []}
    if colour:
        given["color"] = colour if colour[0] else []
    equal = zip(("equal_x", "equal_y"), words[2:], strict=False)
    return {**given, **{field: [word] for field, word in equal if word}}


@operation(
    "trim",
    Stage.TRIM,
    Spelling(
        "imgproxy",
        ("trim", "t"),
        ("threshold", "color", "equal_x", "equal_y"),
        arrange=_off_if_blank,
    ),
)
class Trim(Op):
    """What differs from the border colour (or the first pixel) by more than `threshold` stays.

    `equal_x`, `equal_y` cut both sides of an axis by the smaller border. An animation is cut to
    the box that holds what stays of every frame.
    """

    threshold: Annotated[float | None, Range(0, 255)] = None
    color: Colour | None = None
    equal_x: bool = False
    equal_y: bool = False

    @property
    def idle(self) -> bool:
        return self.threshold is None

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 25

    def apply(self, picture: Picture) -> Picture:
        picture = picture.settled()
        frame = picture.first
        boxes = [box for one in picture.in_working_space().frames if (box := self._find(one))]
        if not boxes:
            return picture
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
        # The axes are meant as the picture is seen, the pixels lie as they are stored.
        swaps = picture.canvas.turn.swaps_axes
        if self.equal_y if swaps else self.equal_x:
            left = min(left, frame.width - right)
            right = frame.width - left
        if self.equal_x if swaps else self.equal_y:
            top = min(top, frame.height - bottom)
            bottom = frame.height - top
        cut = picture.map(lambda one: one.crop(left, top, right - left, bottom - top))
        return cut.on(picture.canvas.sized(*picture.canvas.turn.swap(right - left, bottom - top)))

    def _find(self, frame: pyvips.Image) -> tuple[int, int, int, int] | None:
        if min(frame.width, frame.height) < _LEAST_SIDE:
            return None
        flat = flattened(frame.colourspace("srgb"), _MAGENTA)
        background = self.color.channels if self.color else flat(0, 0)
        left, top, width, height = flat.find_trim(
            threshold=self.threshold or 0.0, background=background
        )
        return (left, top, left + width, top + height) if width and height else None
