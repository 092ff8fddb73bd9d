"""Give back the crispness that scaling down takes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.grammar import Follows, Range
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture, premultiplied, rounded
from transforms.terms import Spelling


class Mode(StrEnum):
    AUTO = "auto"
    NONE = "none"
    ALWAYS = "always"


@operation(
    "unsharp_masking",
    Stage.UNSHARP,
    Spelling("imgproxy", ("unsharp_masking", "ush"), ("mode", "weight", "divider")),
)
class UnsharpMasking(Op):
    """A 3x3 mask: neighbours weigh -weight, the middle divider + 8 weight, all over divider.

    `auto` acts only on a picture that was scaled down and is not sharpened otherwise.
    """

    mode: Mode = Mode.NONE
    weight: Annotated[float, Range(0, 100, above=True)] = 1.0
    divider: Annotated[float, Range(0, 1000, above=True)] = 24.0
    sharpened: Annotated[float, Follows("sharpen.sigma"), Range(0, 10)] = 0.0

    @property
    def idle(self) -> bool:
        return self.mode is Mode.NONE

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 15

    def apply(self, picture: Picture) -> Picture:
        wanted = picture.canvas.downscaled and not self.sharpened
        return picture.map(self.paint) if wanted or self.mode is Mode.ALWAYS else picture

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        ring = -self.weight
        mask = pyvips.Image.new_from_array(
            [[ring] * 3, [ring, self.divider + 8 * self.weight, ring], [ring] * 3],
            scale=self.divider,
        )
        return premultiplied(
            frame, lambda image: rounded(image.conv(mask, precision="float"), image)
        )
