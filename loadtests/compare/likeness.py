"""How large an answer is and how near to what it should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from loadtests.bench.similarity import ssim
from loadtests.compare.answer import CannotDo, answer
from loadtests.compare.case import Case
from loadtests.compare.peers import Peer
from loadtests.compare.reference import References, srgb


@dataclass(frozen=True, slots=True)
class Likeness:
    """Means over the pictures. ssim: of the luma, 1 is equal."""

    bytes: float
    ssim: float


def likeness(peer: Peer, case: Case, pictures: Sequence[str], references: References) -> Likeness:
    """CannotDo if a picture does not come in the format and size that was asked for."""
    sizes, alike = [], []
    for picture in pictures:
        body = answer(peer, case, picture)
        image = srgb(body)
        # One pixel is left to rounding, and to the reference of that very size.
        if abs(image.width - case.width) > 1:
            raise CannotDo(f"expected a width of {case.width}, got {image.width}")
        sizes.append(len(body))
        alike.append(ssim(image, references.scaled(picture, image.width, image.height)))
    return Likeness(fmean(sizes), fmean(alike))
