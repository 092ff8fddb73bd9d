"""What is asked for: sources by Zipf's law, in the widths of pages and the formats of browsers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

WIDTHS: Mapping[int, float] = {320: 0.25, 480: 0.1, 640: 0.3, 960: 0.2, 1280: 0.15}
FORMATS: Mapping[str, float] = {"avif": 0.75, "webp": 0.2, "jpg": 0.05}


@dataclass(frozen=True, slots=True)
class Request:
    source: int
    width: int
    format: str

    @property
    def variant(self) -> tuple[int, int, str]:
        return (self.source, self.width, self.format)


@dataclass(frozen=True, slots=True)
class Traffic:
    """alpha: Zipf's exponent; 0.6 to 0.8 below a CDN, which has taken the head away. Shares are
    normalised.
    """

    sources: int
    alpha: float = 0.8
    widths: Mapping[int, float] = field(default_factory=lambda: WIDTHS)
    formats: Mapping[str, float] = field(default_factory=lambda: FORMATS)

    def draw(self, count: int, *, seed: int) -> Iterator[Request]:
        """The same requests for the same seed."""
        random = np.random.default_rng(seed)
        sources = random.choice(self.sources, count, p=_shares(self._weights()))
        widths = random.choice(list(self.widths), count, p=_shares([*self.widths.values()]))
        formats = random.choice(list(self.formats), count, p=_shares([*self.formats.values()]))
        for source, width, name in zip(sources, widths, formats, strict=True):
            yield Request(int(source), int(width), str(name))

    def _weights(self) -> list[float]:
        return list(np.arange(1, self.sources + 1, dtype=float) ** -self.alpha)


def _shares(weights: list[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]
