"""Blur the whole picture."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.picture import premultiplied
from transforms.terms import Spelling


@operation("blur", Stage.BLUR, Spelling("imgproxy", ("blur", "bl"), ("sigma",)))
class Blur(Op):
    """Gaussian blur; sigma is in pixels of the result, 0 is off."""

    sigma: Annotated[float, Range(0, 100)] = 0.0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * (10 + 12 * self.sigma)

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return premultiplied(frame, lambda image: image.gaussblur(self.sigma).cast(image.format))
