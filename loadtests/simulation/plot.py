"""The shares of the tiers over a run, as areas."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from matplotlib.figure import Figure

from loadtests.simulation.fleet import TIERS, Change, Tally

_COLOURS = ("#1b7837", "#5aae61", "#a6dba0", "#c2a5cf", "#762a83")


def draw(tally: Tally, changes: Iterable[Change], path: Path) -> None:
    """Writes PNG, SVG or PDF, by the name's ending."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    axes = figure.subplots()
    at = [(number + 0.5) * tally.stretch for number in range(len(tally.stretches))]
    shares = [
        [100 * stretch[tier] / stretch.total() for stretch in tally.stretches] for tier in TIERS
    ]
    axes.stackplot(at, shares, labels=TIERS, colors=_COLOURS)
    for change in changes:
        axes.axvline(change.at, color="black", linestyle=":")
        axes.text(change.at, 101, f"{change.node} {'joins' if change.joins else 'goes'}")
    axes.set(xlabel="requests", ylabel="answers, %", ylim=(0, 100), xlim=(at[0], at[-1]))
    axes.legend(loc="lower right")
    figure.savefig(path)
