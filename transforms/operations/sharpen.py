"""Sharpen the whole picture."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.picture import on_colour
from transforms.terms import Spelling


@operation("sharpen", Stage.SHARPEN, Spelling("imgproxy", ("sharpen", "sh"), ("sigma",)))
class Sharpen(Op):
    """libvips' sharpen of the lightness; sigma is in pixels of the result, 0 is off."""

    sigma: Annotated[float, Range(0, 10)] = 0.0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * (60 + 10 * self.sigma)

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return on_colour(frame, lambda image: image.sharpen(sigma=self.sigma))
