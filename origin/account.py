"""What is told of a request once it is answered: by the log, metrics, Server-Timing and traces."""

from __future__ import annotations

from dataclasses import dataclass, field

from cache.entry import Entry
from origin.stages import Stages
from transforms.formats import Format

FORMATS = frozenset(map(str, Format))


@dataclass(slots=True)
class Account:
    """Written down as the request is answered; errors are told by their code instead.

    outcome: of `origin.metrics.outcomes`. tier: where the result was. format: of the result.
    """

    stages: Stages = field(default_factory=Stages)
    outcome: str = ""
    tier: str = ""
    format: str = ""

    def unchanged(self) -> None:
        self.outcome = "not_modified"

    def given(
        self, entry: Entry, tier: str | None, *, collapsed: bool = False, degraded: bool = False
    ) -> None:
        """The client gets this. tier: None if it was made, collapsed: for somebody else."""
        if degraded:
            self.outcome = "degraded"
        elif tier is not None:
            self.outcome = "hit"
        else:
            self.outcome = "collapsed" if collapsed else "made"
        self.tier = tier or ""
        self.format = format_of(entry)


def format_of(entry: Entry) -> str:
    """The name of the entry's format, one of few: sources that go out as they are have any."""
    try:
        return str(Format(entry.extension))
    except ValueError:
        return "other"
