"""Send many hostile pictures through a pool as production opens it, and tell what came of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pyvips

from loadtests.fuzz.case import Case
from loadtests.fuzz.fuzzing import fuzz
from loadtests.fuzz.memory import watched
from loadtests.fuzz.outcome import Outcome, attempt
from origin.sandbox import Confinement
from origin.workers import open_workers
from transforms.limits import Limits

SECONDS = 2.0
"""For one picture; a server gives it SAFELIGHT_TIMEOUT."""

CONFINED = Confinement()
THUMBNAIL = "w:64@jpg"


@dataclass(frozen=True, slots=True)
class Attack:
    """asked: options and format, as in a URL."""

    write: Callable[[], bytes]
    asked: str = THUMBNAIL


@dataclass(frozen=True, slots=True)
class Siege:
    """peak_mb: the most memory that any worker had in use. after: of an honest picture."""

    outcomes: Mapping[str, Outcome]
    peak_mb: float
    after: Outcome


async def besieged(
    attacks: Mapping[str, Attack], *, count: int = 2, confinement: Confinement = CONFINED
) -> Siege:
    outcomes: dict[str, Outcome] = {}

    def noted(case: Case, outcome: Outcome) -> None:
        outcomes[case.seed] = outcome

    async with (
        open_workers(count, Limits(), confinement=confinement) as workers,
        watched(lambda: workers.pids) as peak,
    ):
        await fuzz(workers, _cases(attacks), seconds=SECONDS, noted=noted)
        plan = Case(0, "", "", THUMBNAIL, b"").plan
        after = await attempt(workers, plan, honest(), seconds=20)
    return Siege(outcomes, peak.mb, after)


def honest() -> bytes:
    return pyvips.Image.black(80, 60, bands=3).pngsave_buffer()


def _cases(attacks: Mapping[str, Attack]) -> Iterator[Case]:
    """Written one at a time, when a worker is free: together they are large."""
    for number, (name, attack) in enumerate(attacks.items()):
        yield Case(number, name, "", attack.asked, attack.write())
