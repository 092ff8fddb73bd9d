"""What is asked for: what browsers pick of a page's srcset, what a CDN lacks, what scrapers try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd
from random import Random
from typing import Final
from urllib.parse import quote

from loadtests.simulation.traffic import WIDTHS, Request, Traffic

SRCSET: Final = tuple(sorted(WIDTHS))
_NARROW: Final = 700
"""CSS pixels: above it the page has columns."""
# Share of the viewport that a picture takes in `sizes`: narrow, else wide.
_PLACES: Final = {"lead": (1.0, 0.6), "card": (0.5, 0.25), "thumb": (0.25, 0.1)}
# Viewport in CSS pixels and device pixel ratio → how many visitors of a hundred.
_SCREENS: Final = {
    (390, 3.0): 35,
    (412, 2.625): 25,
    (820, 2.0): 8,
    (1440, 2.0): 12,
    (1920, 1.0): 20,
}
# What they send for images, by the release that began to: Chrome 85, Safari 16.4, Firefox 128 and
# 65, and those that tell nothing.
_ACCEPTS: Final = {
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8": 66,
    "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,"
    "image/svg+xml,image/*;q=0.8,*/*;q=0.5": 22,
    "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5": 5,
    "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5": 4,
    "*/*": 3,
}
# What is left of it behind an edge that keeps one copy for each format.
EDGE_ACCEPTS: Final = {"avif": "image/avif,image/webp", "webp": "image/webp", "jpg": "*/*"}
_BATCH: Final = 256
_SCRAPED: Final = range(16, 1616)


@dataclass(frozen=True, slots=True)
class Browser:
    """viewport: its width in CSS pixels. density: device pixels for each of them."""

    viewport: int
    density: float
    accept: str

    @classmethod
    def of(cls, random: Random) -> Browser:
        """One of those that people have."""
        viewport, density = random.choices(list(_SCREENS), [*_SCREENS.values()])[0]
        accept = random.choices(list(_ACCEPTS), [*_ACCEPTS.values()])[0]
        return cls(viewport, density, accept)

    def pick(self, share: float, srcset: Sequence[int] = SRCSET) -> int:
        """The narrowest that is sharp in this share of the viewport, or else the widest."""
        needed = share * self.viewport * self.density
        return min((width for width in srcset if width >= needed), default=max(srcset))

    def widths(self, srcset: Sequence[int] = SRCSET) -> tuple[int, ...]:
        """What a page that has a picture in all places makes it load, each once."""
        wide = self.viewport > _NARROW
        return tuple(dict.fromkeys(self.pick(place[wide], srcset) for place in _PLACES.values()))


def popular(sources: int, *, alpha: float, random: Random, head: int = 0) -> Iterator[Request]:
    """Without end, by Zipf's law. head: so many of the most popular are left out, as a CDN has
    them; ValueError if that leaves nothing.
    """
    if not 0 <= head < sources:
        raise ValueError(f"expected a head of 0 to {sources - 1} of {sources} sources, got {head}")
    traffic = Traffic(sources, alpha)
    while True:
        for request in traffic.draw(_BATCH, seed=random.randrange(2**32)):
            if request.source >= head:
                yield request


def scraped_sizes(random: Random) -> Iterator[tuple[int, int]]:
    """Width and height, none twice, for as long as there are any."""
    side = len(_SCRAPED)
    every, at = side * side, random.randrange(side * side)
    step = random.randrange(1, every)
    while gcd(step, every) != 1:
        step += 1
    for _ in range(every):
        at = (at + step) % every
        yield _SCRAPED[at // side], _SCRAPED[at % side]


def path_of(source: str, options: str, *, buster: str = "") -> bytes:
    """What is to be signed. buster: makes results new that are kept under another one."""
    fresh = f"/cb:{buster}" if buster else ""
    return f"/{options}{fresh}/plain/{quote(source, safe=':/')}".encode()
