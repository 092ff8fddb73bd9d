"""One spoilt picture and what is asked of it: the same for the same seed and number, always."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from loadtests.fuzz.mutation import spoil
from loadtests.fuzz.seeds import Seed
from transforms.dialects.imgproxy import Imgproxy
from transforms.plan import Plan

# Small results: what is tried is what reads, not what writes. All of the readers that are ours
# take part: metadata kept and stripped, bytes handed on, colours, frames, pages.
ASKED = (
    "rs:fit:16:16@png",
    "rs:fit:16:16@jpg",
    "rs:fill:16:16:1@webp",
    "rs:fit:16:16/sm:0/kcr:1@jpg",
    "rs:fit:16:16/scp:0/sm:0@webp",
    "rs:fit:16:16/rot:90@gif",
    "rs:fit:16:16",
    "skp:jpg:png:gif:webp:tiff",
    "eth:1/da:1/rs:fit:16:16@png",
    "pg:1/rs:fit:16:16@png",
)
# Trimming looks at every pixel.
ASKED_OF_SMALL = (*ASKED, "t:10/rs:fit:16:16@png")
_SMALL = 20_000


@dataclass(frozen=True, slots=True)
class Case:
    """asked: options and format as in a URL, `rs:fit:16:16@png`."""

    number: int
    seed: str
    words: str
    asked: str
    data: bytes

    @property
    def plan(self) -> Plan:
        return planned(self.asked)


def cases(seeds: Sequence[Seed], *, seed: int, count: int) -> Iterator[Case]:
    """The first `count`: every picture once, then small ones more often than large ones."""
    weights = list(itertools.accumulate(one.weight for one in seeds))
    for number in range(count):
        # Each of its own: any case can be made again without those before it.
        chance = random.Random(f"{seed}:{number}")
        chosen = (
            seeds[number] if number < len(seeds) else chance.choices(seeds, cum_weights=weights)[0]
        )
        spoilt = spoil(chosen.data, chance)
        asked = chance.choice(ASKED_OF_SMALL if len(chosen.data) < _SMALL else ASKED)
        yield Case(number, chosen.name, spoilt.words, asked, spoilt.data)


def planned(asked: str) -> Plan:
    """The plan of these options on some source."""
    options, _, extension = asked.partition("@")
    begin = f"/{options}/" if options else "/"
    path = f"{begin}plain/local:///x" + (f"@{extension}" if extension else "")
    return Imgproxy().parse(path.encode())
