"""Two colours, one for the dark areas and one for the light."""

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
    "duotone",
    Stage.DUOTONE,
    Spelling("imgproxy", ("duotone", "dt"), ("intensity", "dark", "light")),
)
class Duotone(Op):
    """Luma runs from `dark` to `light`; mixed with the original by `intensity`."""

    intensity: Annotated[float, Range(0, 1)] = 0.0
    dark: Colour = BLACK
    light: Colour = WHITE

    @property
    def idle(self) -> bool:
        return self.intensity == 0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 15

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return tone(frame, ((0.0, self.dark), (1.0, self.light)), self.intensity)
