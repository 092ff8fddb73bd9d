"""Add room around the picture until it has the aspect ratio that was asked for."""

from __future__ import annotations

from transforms.canvas import Canvas
from transforms.gravity import Gravity
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.room import extended, extended_size, refuse_smart
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
    gravity: Gravity = Gravity()

    def __post_init__(self) -> None:
        Op.__post_init__(self)
        refuse_smart(self.name, self.gravity)

    @property
    def idle(self) -> bool:
        return not self.on

    def size(self, canvas: Canvas) -> Canvas:
        return extended_size(canvas, canvas.ratio_target)

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels

    def apply(self, picture: Picture) -> Picture:
        return extended(picture, picture.canvas.ratio_target, self.gravity)
