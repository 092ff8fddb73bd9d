"""What came of many cases: counts, the slowest, and the inputs that are worth another look."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.table import Table

from loadtests.fuzz.case import Case
from loadtests.fuzz.outcome import DEADLINE, Outcome

# Right as answers, but they cost a worker.
_COSTLY = (DEADLINE, "WorkerCrashed")
_MOST_KEPT = 1000


@dataclass(slots=True)
class Tally:
    """keep: the folder for inputs, none if they are only counted. wrong: the answers that no
    client should get, told.
    """

    keep: Path | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    formats: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    kept: int = 0
    slowest: tuple[float, str] = (0.0, "")

    @property
    def done(self) -> int:
        return self.outcomes.total()

    def note(self, case: Case, outcome: Outcome) -> None:
        self.outcomes[outcome.kind] += 1
        kind = Path(case.seed).suffix.lstrip(".")
        self.formats.setdefault(outcome.kind, Counter())[kind] += 1
        told = f"case {case.number}, {case.seed}, {case.words}, {case.asked}: {outcome}"
        self.slowest = max(self.slowest, (outcome.seconds, told))
        if not outcome.right:
            self.wrong.append(told)
        if not outcome.right or outcome.kind in _COSTLY:
            self._keep(case, outcome)

    def table(self, *, seconds: float, peak_mb: float) -> Table:
        table = Table(title=f"{self.done:,} spoilt pictures in {seconds:,.0f} s")
        table.add_column("answer")
        table.add_column("cases", justify="right")
        table.add_column("share", justify="right")
        table.add_column("of what")
        for kind, count in self.outcomes.most_common():
            common = self.formats[kind].most_common(5)
            of_what = ", ".join(f"{name} {number:,}" for name, number in common)
            table.add_row(kind, f"{count:,}", f"{count / self.done:.1%}", of_what)
        table.caption = (
            f"{len(self.wrong):,} wrong answers; worker memory at most {peak_mb:,.0f} MB;"
            f" slowest {self.slowest[0]:.2f} s"
        )
        return table

    def _keep(self, case: Case, outcome: Outcome) -> None:
        if self.keep is None or self.kept >= _MOST_KEPT:
            return
        self.kept += 1
        self.keep.mkdir(parents=True, exist_ok=True)
        facts = {name: value for name, value in asdict(case).items() if name != "data"}
        facts["outcome"] = str(outcome)
        (self.keep / f"{case.number}.bin").write_bytes(case.data)
        (self.keep / f"{case.number}.json").write_text(json.dumps(facts, indent=2) + "\n")


def kept_cases(folder: Path) -> list[Case]:
    """What an earlier run kept there."""
    found = []
    for path in sorted(folder.glob("*.json")):
        facts = json.loads(path.read_text())
        facts.pop("outcome", None)
        found.append(Case(**facts, data=path.with_suffix(".bin").read_bytes()))
    return found
