"""Two rows of panels, a column for each format: cold pictures a second, and bytes against SSIM."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from loadtests.compare.case import QUALITIES, Format
from loadtests.compare.comparison import Comparison


def draw(found: Comparison, path: Path) -> None:
    """Writes PNG, SVG or PDF, by the name's ending."""
    figure = Figure(figsize=(12, 7), layout="constrained")
    panels = figure.subplots(2, len(QUALITIES))
    for column, name in enumerate(QUALITIES):
        _bars(panels[0][column], found, name)
        _curves(panels[1][column], found, name)
    panels[1][0].legend()
    figure.savefig(path)


def _bars(axes: Axes, found: Comparison, name: Format) -> None:
    """A group for each width; no bar is a case that a server cannot do."""
    timed = [row for row in found.rows if row.speed and row.case.format == name]
    widths = sorted({row.case.width for row in timed})
    share = 0.8 / max(1, len(found.peers))
    for place, peer in enumerate(found.peers):
        rates = {
            row.case.width: row.speed.cold.rate
            for row in timed
            if row.peer == peer.name and row.speed
        }
        places = [number + place * share for number, width in enumerate(widths) if width in rates]
        axes.bar(
            places, [rates[width] for width in widths if width in rates], share, color=f"C{place}"
        )
    middle = share * (len(found.peers) - 1) / 2
    axes.set_xticks([number + middle for number in range(len(widths))])
    axes.set_xticklabels([f"{width} px" for width in widths])
    axes.set(title=f"{name}: new pictures a second")


def _curves(axes: Axes, found: Comparison, name: Format) -> None:
    """The width with most qualities; each point is a quality, the same ones for all servers."""
    rows = [row for row in found.rows if row.likeness and row.case.format == name]
    widest = max((row.case.width for row in rows), default=0)
    for place, peer in enumerate(found.peers):
        points = sorted(
            (row.likeness.bytes / 1000, row.likeness.ssim)
            for row in rows
            if row.likeness and row.peer == peer.name and row.case.width == widest
        )
        across, up = [each[0] for each in points], [each[1] for each in points]
        axes.plot(across, up, marker="o", color=f"C{place}", label=peer.name)
    axes.set(title=f"{name}, {widest} px", xlabel="kB", ylabel="SSIM")
    axes.grid(visible=True, alpha=0.3)
