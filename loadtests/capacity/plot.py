"""Cores against the CDN's hit ratio, a line for each traffic: what most of them depend on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from matplotlib.figure import Figure

from loadtests.capacity.model import Assumptions, Costs, need

_VISITS = (12_000.0, 36_000.0, 120_000.0)
_RATIOS = (0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99)


def draw(costs: Costs, assumed: Assumptions, path: Path) -> None:
    """Writes PNG, SVG or PDF, by the name's ending."""
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for visits in _VISITS:
        cores = [need(visits, costs, replace(assumed, cdn_hit=hit)).cores for hit in _RATIOS]
        axes.plot([100 * hit for hit in _RATIOS], cores, marker="o", label=f"{visits:,.0f}/s")
    axes.set(xlabel="answered by the CDN, %", ylabel="cores", yscale="log")
    axes.grid(visible=True, which="both", alpha=0.3)
    axes.legend(title="requests at the CDN")
    figure.savefig(path)
