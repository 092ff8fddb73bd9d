"""Add room on each side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from transforms.canvas import Canvas
from transforms.grammar import Range
from transforms.gravity import even
from transforms.kinds import at_most
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.room import embedded
from transforms.terms import Spelling

Length = Annotated[int, Range(0, 1e5)]


def _as_in_css(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """Missing sides take the opposite one's, or the top's; blank ones are left as they are."""
    top, right, bottom, left = (*at_most(4, words), *[""] * (4 - len(words)))
    right, bottom = right or top, bottom or top
    sides = {"top": top, "right": right, "bottom": bottom, "left": left or right}
    return {side: [word] for side, word in sides.items() if word}


@operation(
    "padding",
    Stage.PADDING,
    Spelling("imgproxy", ("padding", "pd"), ("top", "right", "bottom", "left"), arrange=_as_in_css),
)
class Padding(Op):
    """Transparent room in pixels, multiplied by the device pixel ratio."""

    top: Length = 0
    right: Length = 0
    bottom: Length = 0
    left: Length = 0

    def size(self, canvas: Canvas) -> Canvas:
        top, right, bottom, left = self._scaled(canvas)
        return canvas.sized(canvas.width + left + right, canvas.height + top + bottom)

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels

    def apply(self, picture: Picture) -> Picture:
        top, _, _, left = self._scaled(picture.canvas)
        return embedded(picture, left, top, self.size(picture.canvas))

    def _scaled(self, canvas: Canvas) -> tuple[int, int, int, int]:
        top, right, bottom, left = (
            even(side * canvas.scale) for side in (self.top, self.right, self.bottom, self.left)
        )
        return top, right, bottom, left
