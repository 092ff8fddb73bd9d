"""Add room around the picture until it has the aspect ratio that was asked for."""

from __future__ import annotations

from typing import Annotated

from transforms.canvas import Canvas
from transforms.grammar import Without
from transforms.gravity import SMART, Gravity
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.room import extended, extended_size
from transforms.terms import Spelling


@operation(
    "extend_ratio",
    Stage.EXTEND_RATIO,
    Spelling(
        "imgproxy",
        ("extend_aspect_ratio", "extend_ar", "exar"),
        ("on", "gravity"),
    ),
)
class ExtendRatio(Op):
    """Transparent room up to the ratio of the target size of the resize."""

    on: bool = False
    # Around the picture there is nothing to look at.
    gravity: Annotated[Gravity, Without(SMART)] = Gravity()

    @property
    def idle(self) -> bool:
        return not self.on

    def size(self, canvas: Canvas) -> Canvas:
        return extended_size(canvas, canvas.ratio_target)

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels

    def apply(self, picture: Picture) -> Picture:
        return extended(picture, picture.canvas.ratio_target, self.gravity)
