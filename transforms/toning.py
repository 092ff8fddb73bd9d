"""Map lightness onto a run of colours."""

from __future__ import annotations

import array
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
        mapped = rounded(luma, colour.format).maplut(_table(stops, int(peak(colour))))
        return mapped * intensity + colour * (1 - intensity)

    return on_colour(in_colour(image), toned)


def _table(stops: Stops, full: int) -> pyvips.Image:
    values = array.array("H" if full > 255 else "B")
    for level in range(full + 1):
        values.extend(round(channel * full / 255) for channel in _at(stops, level / full))
    return pyvips.Image.new_from_memory(
        values.tobytes(), full + 1, 1, 3, "ushort" if full > 255 else "uchar"
    )


def _at(stops: Stops, place: float) -> list[float]:
    before, colour_before = stops[0]
    for after, colour_after in stops[1:]:
        if place <= after and after > before:
            share = max(0.0, (place - before) / (after - before))
            return [
                one + (other - one) * share
                for one, other in zip(colour_before.channels, colour_after.channels, strict=True)
            ]
        before, colour_before = after, colour_after
    return colour_before.channels
