"""Scale the picture, and cut it to the size that was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from transforms.canvas import Canvas
from transforms.cutting import cut_frames
from transforms.geometry import Fit, Frame, Layout, lay_out
from transforms.grammar import Follows, Range
from transforms.gravity import Gravity
from transforms.kinds import at_most
from transforms.operation import Op, Stage, operation
from transforms.picture import Picture
from transforms.scaling import Kernel, scale_frames
from transforms.terms import Spelling

Length = Annotated[int, Range(0, 1e6)]
Factor = Annotated[float, Range(0.001, 100)]
_SIZE = ("width", "height", "enlarge", "extend.on", "extend.gravity")


def _both_axes(words: Sequence[str]) -> dict[str, Sequence[str]]:
    """One value sets both."""
    at_most(2, words)
    return {"zoom_x": words[:1], "zoom_y": words[-1:]}


@operation(
    "resize",
    Stage.RESIZE,
    Spelling("imgproxy", ("resize", "rs"), ("fit", *_SIZE), blank="skip"),
    Spelling("imgproxy", ("size", "s"), _SIZE, blank="skip"),
    Spelling("imgproxy", ("resizing_type", "rt"), ("fit",)),
    Spelling("imgproxy", ("resizing_algorithm", "ra"), ("kernel",)),
    Spelling("imgproxy", ("width", "w"), ("width",)),
    Spelling("imgproxy", ("height", "h"), ("height",)),
    Spelling("imgproxy", ("min-width", "mw"), ("min_width",)),
    Spelling("imgproxy", ("min-height", "mh"), ("min_height",)),
    Spelling("imgproxy", ("zoom", "z"), ("zoom_x", "zoom_y"), arrange=_both_axes),
    Spelling("imgproxy", ("dpr",), ("dpr",)),
    Spelling("imgproxy", ("enlarge", "el"), ("enlarge",)),
    Spelling("imgproxy", ("gravity", "g"), ("gravity",)),
)
class Resize(Op):
    """imgproxy's resize with all that changes its arithmetic (see `geometry`)."""

    fit: Fit = Fit.FIT
    width: Length = 0
    height: Length = 0
    min_width: Length = 0
    min_height: Length = 0
    zoom_x: Factor = 1.0
    zoom_y: Factor = 1.0
    dpr: Factor = 1.0
    enlarge: bool = False
    gravity: Gravity = Gravity()
    kernel: Kernel = Kernel.LANCZOS3
    extend: Annotated[bool, Follows("extend.on")] = False
    extend_ratio: Annotated[bool, Follows("extend_ratio.on")] = False

    @property
    def idle(self) -> bool:
        lengths = (self.width, self.height, self.min_width, self.min_height)
        return not any(lengths) and (self.zoom_x, self.zoom_y, self.dpr) == (1, 1, 1)

    def layout(self, canvas: Canvas) -> Layout:
        frame = Frame(
            self.fit, self.width, self.height, self.min_width, self.min_height,
            self.zoom_x, self.zoom_y, self.dpr, self.enlarge, self.extend, self.extend_ratio,
        )  # fmt: skip
        return lay_out(
            frame, canvas.width, canvas.height, vector=canvas.vector, squeeze=canvas.squeeze
        )

    def size(self, canvas: Canvas) -> Canvas:
        layout = self.layout(canvas)
        return replace(
            canvas.sized(*layout.cut),
            scale=layout.scale,
            target=layout.target,
            ratio_target=layout.ratio_target,
            downscaled=layout.scaled[0] < canvas.width or layout.scaled[1] < canvas.height,
        )

    def cost(self, canvas: Canvas) -> float:
        return canvas.megapixels * 8

    def apply(self, picture: Picture) -> Picture:
        layout, canvas = self.layout(picture.canvas), self.size(picture.canvas)
        whole = scale_frames(picture, layout.scaled, self.kernel)
        upright = whole.in_working_space().uprighted()
        cut = cut_frames(upright, layout.cut, self.gravity, scale=layout.scale)
        return cut.on(replace(canvas, turn=cut.canvas.turn))
