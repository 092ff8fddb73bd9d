"""Whether this server is to be given requests, and what speaks for and against it.

An overloaded server that turns work away is ready: it answers, and hits cost it nothing. What other
machines do (Redis, object store, sources) is told and changes nothing, or all would leave at once.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from origin.watchdog import Watchdog
from origin.workers import Workers
from transforms.codecs import CODECS
from transforms.engine import EPOCH, version


@dataclass(frozen=True, slots=True)
class Readiness:
    """serving: between start-up and the first signal to stop. ailments: of one that should not be
    given requests. facts: for people.
    """

    serving: bool
    ailments: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        return self.serving and not self.ailments

    def to_json(self) -> dict[str, Any]:
        return {
            "ready": self.ready,
            "serving": self.serving,
            "ailments": list(self.ailments),
            **self.facts,
        }


def judge(workers: Workers, watchdog: Watchdog, *, serving: bool, now: float) -> Readiness:
    """now: by the event loop's clock."""
    facts = workers.facts()
    since = workers.waiting_since
    return Readiness(
        serving,
        tuple(_ailments(workers, watchdog)),
        {
            "workers": {name: facts[name] for name in ("count", "up", "busy", "recycled")},
            "first_pictures": [
                {
                    "pid": worker.pid,
                    "ms": round(worker.proof.ms, 1),
                    "age_s": round(now - worker.proof.at, 1),
                }
                for worker in workers.up
            ],
            "queue": {
                "waiting": facts["waiting"],
                "oldest_s": 0.0 if since is None else round(now - since, 3),
            },
            "watchdog": {"stalled": watchdog.stalled, "stalls": watchdog.stalls},
            "sandbox": facts["sandbox"],
            "engine": engine(),
        },
    )


def _ailments(workers: Workers, watchdog: Watchdog) -> Iterator[str]:
    up = len(workers.up)
    if 2 * up < workers.count:
        why = f"; {workers.complaint}" if workers.complaint else ""
        yield f"expected half of {workers.count} workers or more (SAFELIGHT_WORKERS), got {up}{why}"
    if watchdog.stalled:
        yield "work stood still and was ended, and nothing has been finished since"


def engine() -> dict[str, Any]:
    """What pictures are made with. Codecs come with libvips, or with the package that brings it."""
    try:
        bundle = f"pyvips-binary {importlib.metadata.version('pyvips-binary')}"
    except importlib.metadata.PackageNotFoundError:
        bundle = ""
    return {
        "epoch": EPOCH,
        "libvips": version(),
        "bundle": bundle,
        "reads": [codec.format for codec in CODECS.values() if codec.load],
        "writes": [codec.format for codec in CODECS.values() if codec.save],
    }
