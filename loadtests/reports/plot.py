"""The course of a load test as one SVG: latency, goodput, who answered, and who was refused."""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO
from math import nan

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.reports.outcome import FAILED, LIMITED, MOVED, PICTURES, SHED
from loadtests.reports.run import Run, Stretch

_PERCENTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
_COLOURS = dict(
    zip(
        PICTURES,
        ("#00441b", "#1b7837", "#5aae61", "#a6dba0", "#d9f0d3", "#762a83", "#c2a5cf", "#bbbbbb"),
        strict=True,
    )
)
_REFUSED = {SHED: "#e08214", LIMITED: "#b35806", MOVED: "#4393c3", FAILED: "#b2182b"}


def draw(run: Run) -> str:
    """The `<svg>` element, to stand in a page; text stays text."""
    bins = run.bins()
    figure = Figure(figsize=(10, 12), layout="constrained")
    latency, goodput, hits, refused = figure.subplots(4, sharex=True)
    at = [(one.start + one.end) / 2 for one in bins]
    _latency(latency, at, bins)
    _goodput(goodput, at, bins)
    _hits(hits, at, bins)
    _refused(refused, at, bins)
    refused.set_xlabel("seconds")
    refused.set_xlim(0, run.seconds)
    for axes in (latency, goodput, hits, refused):
        _mark(axes, run)
        axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False)
    for name, start in run.reached:
        latency.annotate(name, (start, 1.01), xycoords=("data", "axes fraction"), fontsize=8)
    written = StringIO()
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        figure.savefig(written, format="svg", metadata={"Date": None})
    return written.getvalue()[written.getvalue().index("<svg") :]


def _latency(axes: Axes, at: list[float], bins: Sequence[Stretch]) -> None:
    for name, share in _PERCENTILES.items():
        within = [one.within(share) for one in bins]
        # Where nothing was answered the line is broken, and not at zero.
        axes.plot(at, [nan if one is None else one for one in within], label=name, marker=".")
    if any(one.times for one in bins):
        axes.set_yscale("log")
    axes.set_ylabel("latency, ms")


def _goodput(axes: Axes, at: list[float], bins: Sequence[Stretch]) -> None:
    axes.plot(at, [one.goodput for one in bins], label="answered", color="#1b7837")
    tried = [(sum(one.outcomes.values()) - one.outcomes["purged"]) / one.seconds for one in bins]
    axes.plot(at, tried, label="asked", color="#999999", linestyle="--")
    axes.set_ylabel("goodput, 1/s")
    axes.set_ylim(bottom=0)


def _hits(axes: Axes, at: list[float], bins: Sequence[Stretch]) -> None:
    seen = [name for name in PICTURES if any(one.outcomes[name] for one in bins)] or ["made"]
    shares = [[100 * (one.share(name) or 0) for one in bins] for name in seen]
    axes.stackplot(at, shares, labels=seen, colors=[_COLOURS[name] for name in seen])
    axes.set_ylabel("pictures by tier, %")
    axes.set_ylim(0, 100)


def _refused(axes: Axes, at: list[float], bins: Sequence[Stretch]) -> None:
    for name, colour in _REFUSED.items():
        rates = [one.outcomes[name] / one.seconds for one in bins]
        axes.plot(at, rates, label=name, color=colour)
    axes.set_ylabel("not answered, 1/s")
    axes.set_ylim(bottom=0)


def _mark(axes: Axes, run: Run) -> None:
    axes.grid(alpha=0.3)
    for _, start in run.reached[1:]:
        axes.axvline(start, color="black", linestyle=":", linewidth=1)
