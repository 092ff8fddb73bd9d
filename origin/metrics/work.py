"""Figures of how results are made: stages, workers, admission."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from cache.flight import Flights
from origin.account import FORMATS
from origin.admission import Admission
from origin.claims import Claims
from origin.costs import Costs
from origin.metrics.meter import Meter
from origin.metrics.sample import Pair, Sample
from origin.workers import Workers

_PAGE: Final = os.sysconf("SC_PAGESIZE")


def of_stages(meter: Meter) -> Iterator[Sample]:
    for stage, seconds in meter.stages.items():
        yield Sample("safelight_stage_seconds", seconds, (stage,))
    yield Sample("safelight_event_loop_lag_seconds", meter.lag)


def of_costs(costs: Costs) -> Iterator[Sample]:
    """A format that is not known before the source is read is none."""
    for name, learned in costs.learned.items():
        label = name if name in FORMATS else "none"
        for kind, ms in (("predicted", learned.foreseen_ms), ("real", learned.real_ms)):
            pair = Pair(learned.count, ms / 1000)
            yield Sample("safelight_render_cost_seconds", pair, (kind, label))


def of_flights(flights: Flights[Any, Any], claims: Claims) -> Iterator[Sample]:
    yield Sample("safelight_flights_aloft", len(flights))
    yield Sample("safelight_flights_joined_total", flights.joined)
    yield Sample("safelight_flights_spared_total", flights.spared)
    for result in ("taken", "elsewhere", "failed"):
        count = 0 if claims.leases is None else claims.leases.counts[result]
        yield Sample("safelight_leases_total", count, (result,))
    for result in ("used", "wasted"):
        count = claims.head_start.counts[result]
        yield Sample("safelight_head_starts_total", count, (result,))


def of_workers(workers: Workers, *, stalls: int, now: float) -> Iterator[Sample]:
    """now: by the event loop's clock."""
    up, busy = len(workers.up), len(workers.at_work)
    states = {"idle": up - busy, "busy": busy, "missing": max(0, workers.count - up)}
    for state, count in states.items():
        yield Sample("safelight_workers", count, (state,))
    yield Sample("safelight_worker_jobs_total", workers.begun)
    exits = {**{reason: workers.ended[reason] for reason in ("died", "killed", "stalled")}}
    for reason, count in {**exits, "recycled": workers.recycled}.items():
        yield Sample("safelight_worker_exits_total", count, (reason,))
    yield Sample("safelight_worker_stalls_total", stalls)
    resident = [_resident(pid) for pid in workers.pids]
    yield Sample("safelight_worker_resident_bytes", sum(resident), ("all",))
    yield Sample("safelight_worker_resident_bytes", max(resident, default=0), ("largest",))
    since = workers.waiting_since
    yield Sample("safelight_worker_queue", workers.facts()["waiting"])
    yield Sample(
        "safelight_worker_queue_oldest_seconds", 0.0 if since is None else max(0.0, now - since)
    )


def of_admission(admission: Admission) -> Iterator[Sample]:
    facts = admission.facts()
    yield Sample("safelight_admission_wait_seconds", admission.wait(dear=False), ("cheap",))
    yield Sample("safelight_admission_wait_seconds", admission.wait(dear=True), ("dear",))
    for lane in ("cheap", "dear"):
        yield Sample("safelight_admission_in_hand", facts[lane], (lane,))
    yield Sample("safelight_admission_in_hand_bytes", facts["bytes"])
    yield Sample("safelight_admission_turned_away_total", facts["turned_away"])


def _resident(pid: int) -> int:
    with suppress(OSError, ValueError, IndexError):  # it may have ended just now
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    return 0
