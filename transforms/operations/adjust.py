"""Brightness, contrast and saturation."""

from __future__ import annotations

from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.picture import on_colour, peak, rounded
from transforms.terms import Spelling
from transforms.toning import LUMA


@operation(
    "adjust",
    Stage.ADJUST,
    Spelling("imgproxy", ("adjust", "a"), ("brightness", "contrast", "saturation")),
    Spelling("imgproxy", ("brightness", "br"), ("brightness",)),
    Spelling("imgproxy", ("contrast", "co"), ("contrast",)),
    Spelling("imgproxy", ("saturation", "sa"), ("saturation",)),
)
class Adjust(Op):
    """Adds brightness (of 255), spreads contrast around mid grey, spreads colours around grey."""

    brightness: Annotated[int, Range(-255, 255)] = 0
    contrast: Annotated[float, Range(0, 100, above=True)] = 1.0
    saturation: Annotated[float, Range(0, 100, above=True)] = 1.0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 10

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return on_colour(frame, self._adjusted)

    def _adjusted(self, image: pyvips.Image) -> pyvips.Image:
        full = peak(image)
        middle = full / 2
        lift = self.brightness * full / 255 * self.contrast + middle * (1 - self.contrast)
        if self.brightness or self.contrast != 1:
            image = rounded(image.linear([self.contrast], [lift]), image)
        if self.saturation != 1 and image.bands >= 3:
            image = image.recomb(pyvips.Image.new_from_array(_saturation(self.saturation)))
        return image


def _saturation(amount: float) -> list[list[float]]:
    """Mixes each colour with its luma: 0 is grey, 1 is unchanged."""
    return [
        [weight * (1 - amount) + (amount if row == column else 0.0)
         for column, weight in enumerate(LUMA)]
        for row in range(3)
    ]  # fmt: skip
