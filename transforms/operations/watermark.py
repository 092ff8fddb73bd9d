"""Lay another picture over this one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import pyvips

from transforms.canvas import Canvas
from transforms.errors import PlanError
from transforms.grammar import OneOf, Range
from transforms.gravity import COMPASS, Gravity, even
from transforms.kinds import at_most
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture, as_deep, in_colour, rounded, with_alpha
from transforms.references import read_base64
from transforms.scaling import scaled_to
from transforms.terms import Spelling

_TILED = ("re", "ch")
Offset = Annotated[float, Range(-1e5, 1e5)]


def _from_base64(words: Sequence[str]) -> dict[str, Sequence[str]]:
    source = read_base64(at_most(1, words)[0])
    return {"source": [source] if source else []}


@operation(
    "watermark",
    Stage.OVERLAY,
    Spelling("imgproxy", ("watermark", "wm"), ("opacity", "position", "x", "y", "scale")),
    Spelling("imgproxy", ("watermark_url", "wmu"), ("source",), arrange=_from_base64),
)
class Watermark(Op):
    """`scale` is of the result's size, 0 the watermark's own. `re` tiles, `ch` as a chessboard;
    the offsets then are the room between tiles.
    """

    opacity: Annotated[float, Range(0, 1)] = 0.0
    position: Annotated[str, OneOf((*COMPASS, *_TILED))] = "ce"
    x: Offset = 0.0
    y: Offset = 0.0
    scale: Annotated[float, Range(0, 10)] = 0.0
    source: str | None = None

    def __post_init__(self) -> None:
        Op.__post_init__(self)
        if self.opacity and not self.source:
            raise PlanError(
                "watermark: no picture to lay over: set SAFELIGHT_WATERMARK or use watermark_url"
            )

    @property
    def idle(self) -> bool:
        return self.opacity == 0

    @property
    def assets(self) -> tuple[str, ...]:
        return (self.source,) if self.source else ()

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 25

    def apply(self, picture: Picture) -> Picture:
        canvas = picture.canvas
        mark, left, top = self._scaled(with_alpha(picture.assets[self.source or ""]), canvas), 0, 0
        if self.position in _TILED:
            mark = self._tiled(mark, canvas)
        else:
            size = (mark.width, mark.height)
            gravity = Gravity(self.position, self.x, self.y)
            left, top = gravity.place_freely(size, canvas.size, scale=canvas.scale)
            left = max(1 - mark.width, min(left, canvas.width - 1))
            top = max(1 - mark.height, min(top, canvas.height - 1))
            mark, left, top = _visible(mark, left, top, canvas)
        mark = self._faded(mark.copy_memory())
        return picture.map(lambda frame: _over(frame, mark, left, top))

    def _scaled(self, mark: pyvips.Image, canvas: Canvas) -> pyvips.Image:
        """As large as it is laid over, which may be far larger than what is shown of it."""
        if self.scale:
            box = [max(1, even(length * self.scale)) for length in canvas.size]
            by = min(box[0] / mark.width, box[1] / mark.height)
            mark = scaled_to(mark, max(1, round(mark.width * by)), max(1, round(mark.height * by)))
        # Made once, unless most of it is not seen.
        fits = mark.width * mark.height <= canvas.width * canvas.height
        return mark.copy_memory() if fits else mark

    def _faded(self, mark: pyvips.Image) -> pyvips.Image:
        if self.opacity == 1:
            return mark
        colour, alpha = mark[: mark.bands - 1], mark[mark.bands - 1]
        return colour.bandjoin(rounded(alpha * self.opacity, mark)).copy_memory()

    def _tiled(self, mark: pyvips.Image, canvas: Canvas) -> pyvips.Image:
        room = [
            max(0, even(offset * canvas.scale) if abs(offset) >= 1 else even(length * offset))
            for offset, length in zip((self.x, self.y), canvas.size, strict=True)
        ]
        tile = mark.embed(room[0] // 2, room[1] // 2, mark.width + room[0], mark.height + room[1])
        if self.position == "ch":
            double = tile.embed(0, 0, tile.width * 2, tile.height * 2)
            tile = double.insert(tile, tile.width, tile.height)
        # An odd number each way puts one tile in the middle.
        across, down = (
            math.ceil(length / side) // 2 * 2 + 1
            for length, side in zip(canvas.size, (tile.width, tile.height), strict=True)
        )
        sheet = tile.replicate(across, down)
        left, top = (sheet.width - canvas.width) // 2, (sheet.height - canvas.height) // 2
        return sheet.crop(left, top, canvas.width, canvas.height)


def _visible(
    mark: pyvips.Image, left: int, top: int, canvas: Canvas
) -> tuple[pyvips.Image, int, int]:
    """What of the mark lies on the canvas, and where."""
    from_left, from_top = max(0, -left), max(0, -top)
    width = min(mark.width - from_left, canvas.width - max(0, left))
    height = min(mark.height - from_top, canvas.height - max(0, top))
    return mark.crop(from_left, from_top, width, height), max(0, left), max(0, top)


def _over(frame: pyvips.Image, mark: pyvips.Image, left: int, top: int) -> pyvips.Image:
    """Colour comes to a grey picture only from a coloured mark; opacity stays where it was."""
    if mark.bands == 4:
        frame = in_colour(frame)
    elif frame.bands > 2:
        mark = in_colour(mark)
    mark = as_deep(mark, frame)
    done = frame.composite2(mark, "over", x=left, y=top).cast(frame.format)
    done = done if frame.hasalpha() else done.extract_band(0, n=done.bands - 1)
    return done.copy(interpretation=frame.interpretation)
