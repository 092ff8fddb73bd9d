"""Put a colour behind everything that is transparent."""

from __future__ import annotations

from collections.abc import Sequence

import pyvips

from transforms.canvas import Canvas
from transforms.colour import Colour
from transforms.numbers import read_whole
from transforms.operation import Op, Stage, operation
from transforms.room import flattened
from transforms.terms import Spelling


def _hex_or_channels(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """Three numbers are channels; one empty argument takes the background away."""
    if len(words) not in (1, 3):
        raise ValueError("expected 3 or 6 hex digits, or three numbers in 0..255")
    if len(words) == 3:
        words = [str(Colour(*map(read_whole, words)))]
    return {"color": words if words[0] else []}


@operation(
    "background",
    Stage.FLATTEN,
    Spelling("imgproxy", ("background", "bg"), ("color",), arrange=_hex_or_channels),
)
class Background(Op):
    """The result has no transparency left."""

    color: Colour | None = None

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 4

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return flattened(frame, self.color) if self.color else frame
