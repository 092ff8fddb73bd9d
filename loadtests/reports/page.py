"""The report of a load test: one HTML file that needs nothing else, and its figures as CSV."""

from __future__ import annotations

import csv
from base64 import b64encode
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from io import StringIO
from pathlib import Path

from loadtests.reports.outcome import FAILED, LIMITED, MOVED, OUTCOMES, SHED, TIERS
from loadtests.reports.plot import draw
from loadtests.reports.run import Run, Stretch

COLUMNS = ("second", "stage", "answered", "bytes", "p50_ms", "p95_ms", "p99_ms", *OUTCOMES)
_NONE = "-"
_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 1000px; padding: 0 1em }}
table {{ border-collapse: collapse; margin: 1em 0 }}
th, td {{ border-bottom: 1px solid #ccc; padding: 0.2em 0.8em; text-align: right }}
th:first-child, td:first-child {{ text-align: left }}
svg {{ width: 100%; height: auto }} pre {{ overflow: auto; max-height: 30em; font-size: 12px }}
</style></head><body>
"""


def write(run: Run, path: Path) -> None:
    """The page, and beside it the CSV under the same name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(run), encoding="utf-8")
    path.with_suffix(".csv").write_text(as_csv(run), encoding="utf-8")


def page(run: Run) -> str:
    title = f"Load test: {run.scenario}"
    began = datetime.fromtimestamp(run.began, UTC)
    lead = (
        f"{began:%Y-%m-%d %H:%M:%S} UTC, {run.seconds} s, {run.users} users at rest;"
        f" origins: {', '.join(run.origins) or 'not told'}."
    )
    figures = as_csv(run)
    link = b64encode(figures.encode()).decode()
    return "\n".join(
        [
            _HEAD.format(title=escape(title)),
            f"<h1>{escape(title)}</h1><p>{escape(lead)}</p>",
            "<h2>By stage</h2>",
            _table(_STAGE_HEAD, [_stage_row(one) for one in [*run.by_stage(), run.whole()]]),
            "<p>Latencies are of answers alone. <i>shed</i> is 503, <i>limited</i> 429;"
            " <i>moved</i> went to another origin, as this one did not answer.</p>",
            "<h2>Over time</h2>",
            draw(run),
            "<h2>By kind of client</h2>",
            _kinds(run),
            f'<h2>Figures</h2><p><a download="{escape(run.scenario)}.csv"'
            f' href="data:text/csv;base64,{link}">as CSV</a></p>',
            f"<details><summary>show</summary><pre>{escape(figures)}</pre></details>",
            "</body></html>\n",
        ]
    )


def as_csv(run: Run) -> str:
    """A line for each second, or for several in long runs: `second` is the first of them."""
    written = StringIO()
    writer = csv.writer(written, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in run.bins():
        times = [one.within(share) for share in (0.5, 0.95, 0.99)]
        shown = ["" if time is None else f"{time:g}" for time in times]
        outcomes = [one.outcomes[name] for name in OUTCOMES]
        writer.writerow([one.start, one.name, one.answered, one.size, *shown, *outcomes])
    return written.getvalue()


_STAGE_HEAD = (
    *("stage", "seconds", "answered/s", "MB/s", "p50 ms", "p95 ms", "p99 ms", "hits"),
    *(*TIERS, SHED, LIMITED, MOVED, FAILED),
)


def _stage_row(one: Stretch) -> list[str]:
    times = [one.within(share) for share in (0.5, 0.95, 0.99)]
    return [
        *(one.name, str(one.end - one.start)),
        *(f"{one.goodput:.1f}", f"{one.size / one.seconds / 1e6:.2f}"),
        *(_NONE if time is None else f"{time:g}" for time in times),
        *(_percent(share) for share in (one.hit_ratio, *map(one.share, TIERS))),
        *(str(one.outcomes[name]) for name in (SHED, LIMITED, MOVED, FAILED)),
    ]


def _kinds(run: Run) -> str:
    kinds = run.by_kind()
    seen = [name for name in OUTCOMES if any(counts[name] for counts in kinds.values())]
    rows = [[kind, *(str(counts[name]) for name in seen)] for kind, counts in kinds.items()]
    return _table(["client", *seen], rows)


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"]
    lines += [f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"
