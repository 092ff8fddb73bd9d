"""Room around a picture, and what shows through it."""

from __future__ import annotations

import pyvips

from transforms.canvas import Canvas
from transforms.colour import Colour
from transforms.gravity import Gravity
from transforms.picture import Picture, in_colour, peak, with_alpha


def extended_size(canvas: Canvas, target: tuple[int, int]) -> Canvas:
    """A zero axis of the target is free; a picture is never made smaller."""
    return canvas.sized(max(canvas.width, target[0]), max(canvas.height, target[1]))


def extended(picture: Picture, target: tuple[int, int], gravity: Gravity) -> Picture:
    canvas = extended_size(picture.canvas, target)
    left, top = gravity.place(picture.canvas.size, canvas.size, scale=canvas.scale)
    return embedded(picture, left, top, canvas)


def embedded(picture: Picture, left: int, top: int, canvas: Canvas) -> Picture:
    """Each frame at a place in a transparent one of the canvas's size."""
    if canvas.size == picture.canvas.size:
        return picture
    return picture.map(
        lambda frame: with_alpha(frame).embed(left, top, canvas.width, canvas.height)
    ).on(canvas)


def flattened(image: pyvips.Image, colour: Colour) -> pyvips.Image:
    """No transparency left: the colour shows where there was."""
    if not image.hasalpha():
        return image
    grey = colour.red == colour.green == colour.blue
    image = image if grey else in_colour(image)
    channels = colour.channels[: image.bands - 1]
    full = peak(image)
    return image.flatten(background=[one * full / 255 for one in channels], max_alpha=full)
