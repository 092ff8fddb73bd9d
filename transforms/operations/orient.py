"""Turn the picture upright, then as asked."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from transforms.canvas import Canvas
from transforms.grammar import Multiple, Range
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.terms import Spelling
from transforms.turn import MIRROR_X, MIRROR_Y, UPRIGHT, Turn


@operation(
    "orient",
    Stage.ORIENT,
    Spelling("imgproxy", ("auto_rotate", "ar"), ("auto",)),
    Spelling("imgproxy", ("rotate", "rot"), ("angle",)),
    Spelling("imgproxy", ("flip", "fl"), ("flip_x", "flip_y")),
)
class Orient(Op):
    """EXIF orientation first (unless `auto` is off), then clockwise `angle`, then mirrorings.

    Only notes the turn: pixels are turned after they were scaled, which is cheaper, while all
    sizes and places of a plan are said of the turned picture.
    """

    auto: bool = True
    angle: Annotated[int, Multiple(90), Range(-3600, 3600)] = 0
    flip_x: bool = False
    flip_y: bool = False

    @property
    def idle(self) -> bool:
        return self.auto and self.turn == UPRIGHT

    def chained(self) -> Orient:
        return replace(self, auto=True)

    @property
    def turn(self) -> Turn:
        turn = Turn(self.angle // 90 % 4)
        if self.flip_x:
            turn = turn.then(MIRROR_X)
        return turn.then(MIRROR_Y) if self.flip_y else turn

    def size(self, canvas: Canvas) -> Canvas:
        stored = canvas.turn if self.auto else UPRIGHT
        turn = stored.then(self.turn)
        # Every pipeline begins here.
        return replace(canvas.afresh(), turn=turn).sized(*turn.swap(*canvas.stored))

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 2 if self.turn != UPRIGHT else 0.0

    def apply(self, picture: Picture) -> Picture:
        return picture.on(self.size(picture.canvas))
