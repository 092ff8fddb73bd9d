"""Cut a piece out of the picture before it is resized."""

from __future__ import annotations

from typing import Annotated

from transforms.canvas import Canvas
from transforms.cutting import cut_frames
from transforms.geometry import cropped, nearest
from transforms.grammar import Follows, Range
from transforms.gravity import Gravity
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.terms import Spelling

Length = Annotated[float, Range(0, 1e6)]


@operation(
    "crop",
    Stage.CROP,
    Spelling("imgproxy", ("crop", "c"), ("width", "height", "gravity"), blank="refuse"),
    Spelling(
        "imgproxy", ("crop_aspect_ratio", "crop_ar", "car"), ("ratio", "grow"), blank="refuse"
    ),
)
class Crop(Op):
    """Lengths from 1 on are pixels, below 1 fractions, 0 is all. `ratio` is width / height.

    A ratio shrinks the longer side, or grows the shorter one as far as the picture goes.
    """

    width: Length = 0.0
    height: Length = 0.0
    gravity: Annotated[Gravity, Follows("resize.gravity")] = Gravity()
    ratio: Annotated[float, Range(0, 1e6)] = 0.0
    grow: bool = False

    @property
    def idle(self) -> bool:
        return self.width == 0 and self.height == 0 and self.ratio == 0

    def size(self, canvas: Canvas) -> Canvas:
        width, height = cropped(canvas.width, self.width), cropped(canvas.height, self.height)
        if self.ratio:
            width, height = self._in_ratio(width, height, canvas)
        return canvas.sized(width, height)

    def apply(self, picture: Picture) -> Picture:
        to = self.size(picture.canvas)
        return cut_frames(picture, to.size, self.gravity, scale=1.0)

    def _in_ratio(self, width: int, height: int, canvas: Canvas) -> tuple[int, int]:
        # A narrower one is a line anyway.
        ratio = max(self.ratio, 1e-6)
        wide = width > height * ratio
        if wide == self.grow:
            height = nearest(width / ratio)
        else:
            width = nearest(height * ratio)
        if height > canvas.height:
            width, height = nearest(canvas.height * ratio), canvas.height
        if width > canvas.width:
            width, height = canvas.width, nearest(canvas.width / ratio)
        return max(1, width), max(1, height)
