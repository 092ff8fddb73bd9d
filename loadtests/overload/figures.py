"""What a surge came to, and the bars that it has to clear."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from loadtests.overload.generator import UNSENT, Answer
from loadtests.overload.surge import Surge
from loadtests.overload.traffic import COLD, HIT, UNCHANGED, UNSEEN

# The first answers are of a queue that fills, not of one that stands.
_SETTLING_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 2.0
_SLOWER: Final = 1.5
_SHED: Final = 503


@dataclass(frozen=True, slots=True)
class Bars:
    """goodput: of the capacity; all others at most, in milliseconds and seconds."""

    goodput: float = 0.9
    hit_ms: float = 50.0
    shed_ms: float = 20.0
    normal_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Rates are a second; milliseconds count from when a request was due.

    capacity: the mean of those before and after (capacities). goodput_by_cpu: pictures for the same
    processor time, as a share of those at capacity; what other processes take of the machine
    matters less to it.
    shed_improperly: refused without `Retry-After` or `no-store`. looked_up: sources that nobody had
    asked for and that were looked for all the same. others: statuses that should not be.
    sent_late_ms: p99 of what the generator itself was late. normal_seconds: infinite if never.
    """

    capacity: float
    capacities: tuple[float, float]
    goodput: float
    goodput_by_cpu: float
    hit_p50_ms: float
    hit_p99_ms: float
    quiet_hit_p99_ms: float
    shed: int
    shed_p50_ms: float
    shed_p99_ms: float
    shed_improperly: int
    unseen: int
    looked_up: int
    waited_p50_ms: float
    waited_p99_ms: float
    others: dict[str, int]
    unsent: int
    sent_late_ms: float
    normal_seconds: float

    @property
    def goodput_share(self) -> float:
        return self.goodput / self.capacity

    def misses(self, bars: Bars) -> list[str]:
        """The bars that were not cleared, in words."""
        claims = {
            f"goodput {self.goodput_share:.0%} of the capacity": self.goodput_share >= bars.goodput,
            f"hits p99 {self.hit_p99_ms:.0f} ms": self.hit_p99_ms < bars.hit_ms,
            f"shed p99 {self.shed_p99_ms:.0f} ms": self.shed_p99_ms < bars.shed_ms,
            f"normal after {self.normal_seconds:.0f} s": self.normal_seconds < bars.normal_seconds,
            f"{self.shed_improperly} shed improperly": not self.shed_improperly,
            "nothing shed: that was no overload": self.shed > 0,
            f"other answers {self.others}": not self.others,
        }
        return [claim for claim, holds in claims.items() if not holds]


def figures(surge: Surge) -> Figures:
    cold = _of(surge.during, COLD)
    shed = [answer for answer in surge.during if answer.status == _SHED]
    unseen = _of(surge.during, UNSEEN)
    served = [answer.seconds for answer in cold if answer.status == 200]
    hits = _seconds(_of(surge.during, HIT, UNCHANGED))
    settled = surge.load.seconds - _SETTLING_SECONDS
    in_time = [
        answer
        for answer in cold
        if answer.status == 200 and _SETTLING_SECONDS <= answer.done_at < surge.load.seconds
    ]
    capacities = surge.capacities[0].rate, surge.capacities[1].rate
    everything = [*surge.before, *surge.during, *surge.after]
    return Figures(
        capacity=statistics.mean(capacities),
        capacities=capacities,
        goodput=len(in_time) / settled,
        goodput_by_cpu=statistics.mean(one.cpu_seconds for one in surge.capacities)
        * sum(answer.status == 200 and answer.done_at < surge.load.seconds for answer in cold)
        / surge.cpu_seconds,
        hit_p50_ms=1000 * quantile(hits, 0.5),
        hit_p99_ms=1000 * quantile(hits, 0.99),
        quiet_hit_p99_ms=1000 * quantile(_seconds(_of(surge.before, HIT, UNCHANGED)), 0.99),
        shed=len(shed),
        shed_p50_ms=1000 * quantile(_seconds(shed), 0.5),
        shed_p99_ms=1000 * quantile(_seconds(shed), 0.99),
        shed_improperly=sum(not answer.shed for answer in shed),
        unseen=len(unseen),
        looked_up=sum(answer.status != _SHED for answer in unseen),
        waited_p50_ms=1000 * quantile(served, 0.5),
        waited_p99_ms=1000 * quantile(served, 0.99),
        others=_others(everything),
        unsent=sum(answer.status == UNSENT for answer in everything),
        sent_late_ms=1000 * quantile([answer.late for answer in surge.during], 0.99),
        normal_seconds=normal_after(surge.before, surge.after),
    )


def normal_after(before: Sequence[Answer], after: Sequence[Answer]) -> float:
    """Seconds until pictures came as they did before: from when on nothing is shed, and for two
    seconds half of them take no longer than one and a half times what half of them took.
    """
    usual = quantile(_seconds(_of(before, COLD)), 0.5)
    cold = sorted(_of(after, COLD), key=lambda answer: answer.at)
    last_shed = max((answer.at for answer in cold if answer.status != 200), default=-1.0)
    for answer in cold:
        look = [one for one in cold if answer.at <= one.at < answer.at + _LOOK_SECONDS]
        if answer.at > last_shed and quantile(_seconds(look), 0.5) <= _SLOWER * usual:
            return answer.at
    return math.inf


def quantile(values: Sequence[float], share: float) -> float:
    """NaN of nothing."""
    if len(values) < 2:
        return values[0] if values else math.nan
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


def _of(answers: Iterable[Answer], *kinds: str) -> list[Answer]:
    return [answer for answer in answers if answer.kind in kinds]


def _seconds(answers: Iterable[Answer]) -> list[float]:
    return [answer.seconds for answer in answers]


def _others(answers: Iterable[Answer]) -> dict[str, int]:
    """An unseen source may be found missing, whatever makes a picture may be turned away."""
    proper = {COLD: {200, _SHED}, UNSEEN: {404, _SHED}, HIT: {200}, UNCHANGED: {304}}
    return dict(
        Counter(
            f"{answer.kind}: {answer.status} {answer.error}".rstrip()
            for answer in answers
            if answer.status not in proper[answer.kind]
        )
    )
