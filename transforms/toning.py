"""Map lightness onto a run of colours."""

from __future__ import annotations

from collections.abc import Sequence

import pyvips

from transforms.colour import Colour
from transforms.picture import in_colour, on_colour, peak, rounded

Stops = Sequence[tuple[float, Colour]]
# Rec. 709 weights of encoded red, green and blue.
LUMA = (0.2126, 0.7152, 0.0722)


def tone(image: pyvips.Image, stops: Stops, intensity: float) -> pyvips.Image:
    """Luma looked up among the stops (places in 0..1, ascending), mixed in by `intensity`."""

    def toned(colour: pyvips.Image) -> pyvips.Image:
        luma = colour.recomb(pyvips.Image.new_from_array([list(LUMA)]))
        mapped = rounded(luma, colour).maplut(_table(stops, peak(colour)))
        return mapped * intensity + colour * (1 - intensity)

    return on_colour(in_colour(image), toned)


def _table(stops: Stops, full: float) -> pyvips.Image:
    """A colour for every level of lightness, as float."""
    place = pyvips.Image.identity(ushort=full > 255) / full
    (start, first), *others = stops
    run = place * [0.0, 0.0, 0.0] + first.channels
    before = first.channels
    for stop, colour in others:
        if stop > start:
            share = ((place - start) / (stop - start)).clamp()
            run += share * [to - by for to, by in zip(colour.channels, before, strict=True)]
        start, before = stop, colour.channels
    return run * (full / 255)
