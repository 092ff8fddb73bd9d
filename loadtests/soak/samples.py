"""What the server and its workers held at some moments, and a file of it."""

from __future__ import annotations

import csv
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from loadtests.soak.vitals import Vitals, descendants, vitals


@dataclass(frozen=True, slots=True)
class Sample:
    """second: since the start. rss: resident megabytes. largest_worker: the same of one of them."""

    second: float
    requests: int
    rss: float
    descriptors: int
    threads: int
    workers: int
    workers_rss: float
    largest_worker: float
    workers_descriptors: int


def sample(pid: int, *, began: float, requests: int) -> Sample:
    """Of the server and all that it has started."""
    server, workers = vitals(pid), _workers(pid)
    return Sample(
        round(time.monotonic() - began, 2),
        requests,
        _megabytes(server.rss),
        server.descriptors,
        server.threads,
        len(workers),
        _megabytes(sum(worker.rss for worker in workers)),
        _megabytes(max((worker.rss for worker in workers), default=0)),
        sum(worker.descriptors for worker in workers),
    )


def write(samples: Sequence[Sample], path: Path) -> None:
    """As CSV, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Sample)])
        writer.writeheader()
        writer.writerows(map(asdict, samples))


def _workers(pid: int) -> list[Vitals]:
    found = []
    for child in descendants(pid):
        # One may end while it is looked at.
        with suppress(FileNotFoundError, ProcessLookupError):
            found.append(vitals(child))
    return found


def _megabytes(count: int) -> float:
    return round(count / 2**20, 2)
