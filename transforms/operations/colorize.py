"""Lay a colour over the picture."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.colour import BLACK, Colour
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.picture import in_colour, on_colour, peak
from transforms.terms import Spelling


@operation(
    "colorize",
    Stage.COLORIZE,
    Spelling("imgproxy", ("colorize", "col"), ("opacity", "color", "keep_alpha")),
)
class Colorize(Op):
    """A sheet of the colour over everything, or with `keep_alpha` only over what is there."""

    opacity: Annotated[float, Range(0, 1)] = 0.0
    color: Colour = BLACK
    keep_alpha: bool = False

    @property
    def idle(self) -> bool:
        return self.opacity == 0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 10

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        image = in_colour(frame)
        full = peak(image)
        sheet = [channel * full / 255 for channel in self.color.channels]
        if self.keep_alpha or not image.hasalpha():
            added = [channel * self.opacity for channel in sheet]
            return on_colour(image, lambda colour: colour.linear([1 - self.opacity], added))
        over = image.new_from_image([round(one) for one in (*sheet, self.opacity * full)])
        space = image.interpretation
        return image.composite2(over.copy(interpretation=space), "over").cast(image.format)
