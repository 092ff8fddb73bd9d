"""Requests per second and latencies, the servers taking turns.

A machine's speed changes under its guests within seconds, so a turn is short, each round begins
with another server, and medians of the rounds are told.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from loadtests.bench.client import Outcome, drive, get
from loadtests.compare.case import Case, Extent
from loadtests.compare.footprint import Footprint
from loadtests.compare.peers import Peer

# Enough to keep every core busy, also where each process accepts its own.
CONNECTIONS = 2 * len(os.sched_getaffinity(0))
_MOST = 20_000
_DEADLINE = 120.0
# Who needs so many times the seconds that a turn should take gets fewer rounds.
_PATIENCE = 2.5


@dataclass(slots=True)
class Timing:
    """rates: of the rounds, good answers a second. failed: answers that were none. seconds: of all
    rounds together.
    """

    rates: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def ms(self, share: float) -> float:
        """Not a number if nothing was answered."""
        ordered = sorted(self.latencies)
        if not ordered:
            return float("nan")
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def turn(self, port: int, paths: list[str]) -> None:
        start = time.perf_counter()
        try:
            outcome = asyncio.run(_drive(port, [get(path) for path in paths]))
        except (OSError, TimeoutError):
            self.failed += len(paths)
            self.rates.append(0.0)
            return
        finally:
            self.seconds += time.perf_counter() - start
        good = outcome.statuses.get(200, 0)
        self.failed += len(paths) - good
        self.rates.append(good / outcome.seconds)
        self.latencies += outcome.latencies


@dataclass(frozen=True, slots=True)
class Speed:
    cold: Timing
    repeated: Timing


def take_turns(
    case: Case,
    peers: Sequence[Peer],
    pictures: Sequence[str],
    footprints: Mapping[str, Footprint],
    extent: Extent,
) -> dict[str, Speed]:
    """Each peer's name with what was measured of it. All of them can do the case."""
    nonces = itertools.count()
    speeds = {peer.name: Speed(Timing(), Timing()) for peer in peers}
    counts: dict[str, int] = {}

    def turn(peer: Peer, timing: Timing, count: int, *, cold: bool) -> None:
        paths = list(_paths(peer, case, pictures, count, nonces if cold else None))
        with footprints[peer.name].watched():
            timing.turn(peer.port, paths)

    for cold in (True, False):
        for peer in peers:
            if cold or peer.keeps:
                # What is kept is fast only after the first time.
                first = Timing()
                for _ in range(1 if cold else 2):
                    turn(peer, first, CONNECTIONS, cold=cold)
                counts[peer.name] = _count(first.rates[-1] * extent.seconds, len(pictures))
        for number in range(extent.rounds):
            start = number % max(1, len(peers))
            for peer in (*peers[start:], *peers[:start]):
                timing = speeds[peer.name].cold if cold else speeds[peer.name].repeated
                if timing.seconds < _PATIENCE * extent.seconds * extent.rounds:
                    turn(peer, timing, counts[peer.name], cold=cold)
    return speeds


def _count(wanted: float, pictures: int) -> int:
    """Each picture as often as the others, and every connection with something to do."""
    rounds = -(-min(max(int(wanted), CONNECTIONS), _MOST) // pictures)
    return rounds * pictures


def _paths(
    peer: Peer, case: Case, pictures: Sequence[str], count: int, nonces: Iterator[int] | None
) -> Iterator[str]:
    for picture in itertools.islice(itertools.cycle(pictures), count):
        yield peer.url(case, picture, "" if nonces is None else f"n{next(nonces)}")


async def _drive(port: int, requests: list[bytes]) -> Outcome:
    async with asyncio.timeout(_DEADLINE):
        return await drive(port, requests, connections=min(CONNECTIONS, len(requests)))
