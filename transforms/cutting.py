"""Cut every frame to a size at a place."""

from __future__ import annotations

from transforms.geometry import nearest
from transforms.gravity import Gravity
from transforms.picture import Picture

Box = tuple[int, int, int, int]


def cut_frames(picture: Picture, to: tuple[int, int], gravity: Gravity, *, scale: float) -> Picture:
    """All frames cut to `to` (upright) at the same place; smart gravity looks at the first."""
    canvas = picture.canvas
    if to == canvas.size:
        return picture
    if gravity.smart:
        picture = picture.settled()
    left, top, width, height = _box(picture, to, gravity, scale)
    cut = picture.map(lambda frame: frame.crop(left, top, width, height))
    return cut.on(canvas.sized(*to))


def _box(picture: Picture, to: tuple[int, int], gravity: Gravity, scale: float) -> Box:
    """In pixels of the stored frames, which may be smaller than the canvas says."""
    canvas, frame = picture.canvas, picture.first
    outer, inner = canvas.stored, canvas.turn.swap(*to)
    by_x, by_y = frame.width / outer[0], frame.height / outer[1]
    width = max(1, min(nearest(inner[0] * by_x), frame.width))
    height = max(1, min(nearest(inner[1] * by_y), frame.height))
    if gravity.smart:
        found = frame.smartcrop(width, height, interesting="attention")
        return -found.xoffset, -found.yoffset, width, height
    left, top = gravity.before(canvas.turn).place(inner, outer, scale=scale)
    return (
        min(nearest(left * by_x), frame.width - width),
        min(nearest(top * by_y), frame.height - height),
        width,
        height,
    )
