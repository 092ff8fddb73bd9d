"""Shades of one colour."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.colour import BLACK, WHITE, Colour
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.terms import Spelling
from transforms.toning import tone


@operation(
    "monochrome",
    Stage.MONOCHROME,
    Spelling("imgproxy", ("monochrome", "mc"), ("intensity", "color")),
)
class Monochrome(Op):
    """Luma becomes black, then the colour at the colour's own luma, then white.

    So the default, a grey, gives plain greyscale. Mixed with the original by `intensity`.
    """

    intensity: Annotated[float, Range(0, 1)] = 0.0
    color: Colour = Colour(0xB3, 0xB3, 0xB3)

    @property
    def idle(self) -> bool:
        return self.intensity == 0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 15

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        stops = ((0.0, BLACK), (self.color.luma / 255, self.color), (1.0, WHITE))
        return tone(frame, stops, self.intensity)
