"""Whether what was sampled is flat.

Slopes are Theil and Sen's: the median of the slopes between all pairs of samples, which single
peaks do not move. Growth is the difference of the medians of the last and the first third.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final

from rich.table import Table

from loadtests.soak.samples import Sample

# At fifty requests a second, 64 MB an hour are less than 400 bytes that each would leave behind. A
# server of that slope that is restarted every week still needs no more than some gigabytes.
MOST_MB_PER_HOUR: Final = 64.0
# What the allocator and work in hand move it by, however long it is watched.
NOISE_MB: Final = 12.0
# Pools of threads have bounds, and reach them when as many calls happen to meet.
MOST_THREADS: Final = 8
# Bombs among the broken pictures keep workers busy until the deadline, and others wait.
MOST_BUSY: Final = 0.05
_MOST_POINTS = 300
_NAMES: Final = {
    "rss": "server, resident MB",
    "descriptors": "server, descriptors",
    "threads": "server, threads",
    "workers": "workers",
    "workers_rss": "workers, resident MB in all",
    "largest_worker": "largest worker, resident MB",
    "workers_descriptors": "workers, descriptors in all",
}


@dataclass(frozen=True, slots=True)
class Trend:
    """Of one quantity after the warm-up. slope: per hour. growth: from first to last third."""

    start: float
    warm: float
    end: float
    slope: float
    growth: float


def trends(samples: Sequence[Sample], *, warm_up: float) -> dict[str, Trend]:
    """By field of `Sample`. warm_up: seconds that are left out."""
    warm = [sample for sample in samples if sample.second >= warm_up]
    return {name: _trend(samples, warm, name) for name in _NAMES}


def problems(found: dict[str, Trend], *, busy: float = 0) -> list[str]:
    """What is not flat. busy: the share of answers that were 503 or 504."""
    rss, threads = found["rss"], found["threads"]
    wrong = []
    if rss.slope > MOST_MB_PER_HOUR and rss.growth > NOISE_MB:
        wrong.append(
            f"expected the server to grow by at most {MOST_MB_PER_HOUR:g} MB an hour or"
            f" {NOISE_MB:g} MB in all, got {rss.slope:.0f} MB and {rss.growth:.1f} MB"
        )
    if threads.growth > MOST_THREADS:
        wrong.append(f"expected as many threads as before, got {threads.growth:g} more")
    if busy > MOST_BUSY:
        wrong.append(f"expected at most {MOST_BUSY:.0%} of answers 503 or 504, got {busy:.1%}")
    return wrong


def table(found: dict[str, Trend]) -> Table:
    shown = Table("", "start", "warm", "end", "growth", "per hour", title="Soak")
    for name, trend in found.items():
        numbers = (trend.start, trend.warm, trend.end, trend.growth, trend.slope)
        shown.add_row(_NAMES[name], *(f"{number:.1f}" for number in numbers))
    return shown


def _trend(samples: Sequence[Sample], warm: Sequence[Sample], name: str) -> Trend:
    values = [float(getattr(sample, name)) for sample in warm]
    third = max(1, len(values) // 3)
    first, last = median(values[:third]), median(values[-third:])
    start = float(getattr(samples[0], name))
    return Trend(start, first, last, slope_per_hour(warm, values), last - first)


def slope_per_hour(samples: Sequence[Sample], values: Sequence[float]) -> float:
    """Of the values over the seconds of the samples; 0 for fewer than two."""
    points = [(sample.second, value) for sample, value in zip(samples, values, strict=True)]
    points = points[:: max(1, len(points) // _MOST_POINTS)]
    slopes = [
        (after[1] - before[1]) / (after[0] - before[0])
        for before, after in combinations(points, 2)
        if after[0] > before[0]
    ]
    return 3600 * median(slopes) if slopes else 0.0
