"""Put a colour behind everything that is transparent."""

from __future__ import annotations

from collections.abc import Sequence

import pyvips

from transforms.canvas import Canvas
from transforms.colour import Colour
from transforms.operation import Op, Stage, operation
from transforms.room import flattened
from transforms.terms import Spelling


def _hex_or_channels(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """Three numbers are channels; one empty argument takes the background away."""
    if len(words) != 3:
        return {"color": words if any(words) else []}
    known = all(word.isascii() and word.isdigit() and int(word[:4]) <= 255 for word in words)
    return {"color": ["".join(f"{int(word):02x}" for word in words)] if known else words}


@operation(
    "background",
    Stage.FLATTEN,
    Spelling("imgproxy", ("background", "bg"), arrange=_hex_or_channels),
)
class Background(Op):
    """The result has no transparency left."""

    color: Colour | None = None

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 4

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        return flattened(frame, self.color) if self.color else frame
