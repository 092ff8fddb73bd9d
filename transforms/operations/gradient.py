"""Lay a colour over the picture that grows stronger in one direction."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.colour import BLACK, Colour
from transforms.grammar import Named, Range
from transforms.operation import Op, Stage, operation
from transforms.picture import in_colour, peak, rounded
from transforms.terms import Spelling

_DIRECTIONS = Named({"down": 0.0, "left": 90.0, "up": 180.0, "right": 270.0})


@operation(
    "gradient",
    Stage.GRADIENT,
    Spelling("imgproxy", ("gradient", "gr"), ("opacity", "color", "angle", "start", "stop")),
)
class Gradient(Op):
    """From transparent at `start` to the colour at `stop`, both fractions of the way.

    The angle is clockwise: 0 runs down, 90 to the left.
    """

    opacity: Annotated[float, Range(0, 1)] = 0.0
    color: Colour = BLACK
    angle: Annotated[float, Range(-3600, 3600), _DIRECTIONS] = 0.0
    start: Annotated[float, Range(0, 1)] = 0.0
    stop: Annotated[float, Range(0, 1)] = 1.0

    @property
    def idle(self) -> bool:
        return self.opacity == 0

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 30

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        image = in_colour(frame)
        full = peak(image)
        strength = self._strength(image.width, image.height) * (self.opacity * full)
        sheet = strength.new_from_image([channel * full / 255 for channel in self.color.channels])
        over = rounded(sheet.bandjoin(strength), image)
        over = over.copy(interpretation=image.interpretation)
        return image.composite2(over, "over").cast(image.format)[: image.bands]

    def _strength(self, width: int, height: int) -> pyvips.Image:
        """0..1 for every pixel: how far it is along the way between start and stop."""
        radians = math.radians(self.angle)
        along_x, along_y = -math.sin(radians), math.cos(radians)
        # The way is as long as the picture is, seen in its direction.
        length = abs(along_x) * width + abs(along_y) * height
        place = pyvips.Image.xyz(width, height)
        x, y = place[0] + (0.5 - width / 2), place[1] + (0.5 - height / 2)
        way = (x * along_x + y * along_y) / length + 0.5
        span = max(self.stop - self.start, 1e-6)
        ramp = (way - self.start) / span
        return (ramp > 1).ifthenelse(1, (ramp < 0).ifthenelse(0, ramp))
