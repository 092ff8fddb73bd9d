"""All cases, all servers, in one run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from loadtests.compare.answer import CannotDo
from loadtests.compare.case import Case, Extent
from loadtests.compare.footprint import Footprint
from loadtests.compare.likeness import Likeness, likeness
from loadtests.compare.peers import Peer
from loadtests.compare.reference import References
from loadtests.compare.turns import Speed, take_turns


@dataclass(frozen=True, slots=True)
class Row:
    """What one server made of one case. likeness: None if it cannot do it, `why` says how it shows.
    speed: None where only the answer was looked at.
    """

    peer: str
    case: Case
    likeness: Likeness | None
    speed: Speed | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """idle, peak: bytes of each server with all its processes, before and during the run."""

    peers: Sequence[Peer]
    rows: Sequence[Row]
    idle: dict[str, int]
    peak: dict[str, int]


def compare(
    peers: Sequence[Peer],
    root: Path,
    extent: Extent,
    *,
    tell: Callable[[str], None] = lambda line: None,
) -> Comparison:
    """On all pictures of the folder. tell: hears what is being done."""
    pictures = sorted(path.name for path in root.iterdir())
    references = References(root)
    footprints = {peer.name: Footprint(peer.pid) for peer in peers}
    idle = {name: footprint.peak for name, footprint in footprints.items()}
    rows: list[Row] = []
    for case in extent.timed():
        tell(f"timing {case}")
        seen = [_look(peer, case, pictures, references) for peer in peers]
        able = [peer for peer, row in zip(peers, seen, strict=True) if row.likeness]
        speeds = take_turns(case, able, pictures, footprints, extent)
        rows += [Row(row.peer, case, row.likeness, speeds.get(row.peer), row.why) for row in seen]
    for case in extent.looked_at():
        tell(f"looking at {case}")
        rows += [_look(peer, case, pictures, references) for peer in peers]
    peak = {name: footprint.peak for name, footprint in footprints.items()}
    return Comparison(peers, rows, idle, peak)


def _look(peer: Peer, case: Case, pictures: Sequence[str], references: References) -> Row:
    try:
        return Row(peer.name, case, likeness(peer, case, pictures, references))
    except CannotDo as problem:
        return Row(peer.name, case, None, why=str(problem))
