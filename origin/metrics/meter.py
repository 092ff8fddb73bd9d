"""What is counted of requests and of the stages of work; all other figures are read where they are.

Labels come from fixed sets, whatever a URL says: what is in none of them is `other`.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from origin.account import FORMATS, Account
from origin.metrics.histogram import Histogram
from origin.metrics.outcomes import OF_CODE, OUTCOMES, WITH_PICTURE, class_of, outcome_of
from origin.stages import STAGES, Stages

TIERS: Final = frozenset({"memory", "disk", "redis", "objects"})
NONE: Final = "none"

# Those of OpenTelemetry's http.server.request.duration that matter here, and the edges of our SLOs.
REQUEST_BOUNDS: Final = (
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0
)  # fmt: skip
STAGE_BOUNDS: Final = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0
)  # fmt: skip
LAG_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Cell:
    """The requests of one combination of labels. seconds: shared with others of its class."""

    __slots__ = ("bytes", "count", "seconds")

    def __init__(self, seconds: Histogram | None) -> None:
        self.count = 0
        self.bytes = 0
        self.seconds = seconds

    def add(self, seconds: float, size: int) -> None:
        """size: of the body that was sent."""
        self.count += 1
        self.bytes += size
        if self.seconds is not None:
            self.seconds.observe(seconds)


class Meter:
    """Of one process, and one thread of it: the event loop's."""

    def __init__(self) -> None:
        self.in_progress = 0
        self.errors: Counter[str] = Counter()
        self.cells: dict[tuple[str, str, str], Cell] = {}
        self.seconds: dict[tuple[str, str], Histogram] = {}
        self.stages = {stage: Histogram(STAGE_BOUNDS) for stage in STAGES}
        self.lag = Histogram(LAG_BOUNDS)
        # What has not happened yet is nought, and not absent: alerts look at increases.
        for outcome in OUTCOMES:
            if outcome not in WITH_PICTURE:
                self.cell(outcome)

    def stopwatch(self) -> Stages:
        """For one piece of work, or request."""
        return Stages(self._observe)

    def cell(self, outcome: str, format: str = "", tier: str = "") -> Cell:
        """Where requests of this kind are counted; kept by who counts many."""
        label = _among(FORMATS, format)
        labels = (outcome if outcome in OUTCOMES else "error", label, _among(TIERS, tier))
        found = self.cells.get(labels)
        if found is None:
            found = self.cells[labels] = Cell(self._seconds(outcome, label, tier))
        return found

    def answered(
        self, account: Account, *, status: int, code: str | None, seconds: float, size: int
    ) -> str:
        """Counts a request; its outcome. code: of its error."""
        if code is not None:
            self.errors[code if code in OF_CODE else "other"] += 1
        outcome = outcome_of(code=code, given=account.outcome, status=status)
        told = account if code is None else Account()
        self.cell(outcome, told.format, told.tier).add(seconds, size)
        return outcome

    def _seconds(self, outcome: str, label: str, tier: str) -> Histogram | None:
        kind = class_of(outcome, tier)
        if kind is None:
            return None
        return self.seconds.setdefault((kind, label), Histogram(REQUEST_BOUNDS))

    def _observe(self, stage: str, seconds: float) -> None:
        self.stages[stage].observe(seconds)


def _among(known: frozenset[str], value: str) -> str:
    if not value:
        return NONE
    return value if value in known else "other"
