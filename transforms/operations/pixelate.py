"""Make the picture of large squares."""

from __future__ import annotations

import math
from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.grammar import Range
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture, premultiplied
from transforms.terms import Spelling


@operation("pixelate", Stage.PIXELATE, Spelling("imgproxy", ("pixelate", "pix"), ("side",)))
class Pixelate(Op):
    """Squares of `side` pixels; 0 and 1 are off. Edges are mirrored to full squares."""

    side: Annotated[int, Range(0, 1e6)] = 0

    @property
    def idle(self) -> bool:
        return self.side <= 1

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 6

    def apply(self, picture: Picture) -> Picture:
        # The mirrored edge is read again after it went by.
        return picture.settled().map(self.paint)

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        side = min(self.side, max(frame.width, frame.height))
        width, height = (math.ceil(length / side) * side for length in (frame.width, frame.height))

        def squares(image: pyvips.Image) -> pyvips.Image:
            whole = image.embed(0, 0, width, height, extend="mirror")
            return whole.shrink(side, side).zoom(side, side).cast(image.format)

        return premultiplied(frame, squares).crop(0, 0, frame.width, frame.height)
