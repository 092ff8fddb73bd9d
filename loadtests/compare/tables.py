"""The figures as people read them, and as programs do."""

from __future__ import annotations

import csv
from pathlib import Path

from rich.table import Table

from loadtests.compare.comparison import Comparison, Row
from loadtests.compare.turns import CONNECTIONS, Timing

DASH = "—"
_TIMES = ("per_s", "p50_ms", "p99_ms", "failed")


def peers_table(found: Comparison) -> Table:
    table = Table(title="Servers, on the same cores of one machine")
    for column in ("server", "version", "processes", "keeps results", "idle MB", "peak MB"):
        table.add_column(column, justify="right" if "MB" in column else "left")
    for peer in found.peers:
        kept = "yes" if peer.keeps else "no"
        memory = (f"{each[peer.name] / 1e6:.0f}" for each in (found.idle, found.peak))
        table.add_row(peer.name, peer.version, peer.processes, kept, *memory)
    return table


def timed_table(found: Comparison) -> Table:
    table = Table(title=f"{CONNECTIONS} connections at a time, taking turns; medians of the rounds")
    columns = ("cold/s", "p50 ms", "p99 ms", "repeated/s", "p50 ms", "p99 ms", "bytes", "SSIM")
    for column in ("case", "server", *columns):
        table.add_column(column, justify="right" if column in columns else "left")
    peers = {peer.name for peer in found.peers}
    named = set[str]()
    timed = {row.case for row in found.rows if row.speed}
    for row in found.rows:
        if row.case not in timed or row.peer not in peers:
            continue
        title = "" if str(row.case) in named else str(row.case)
        named.add(str(row.case))
        table.add_row(title, row.peer, *_times(row), *_looks(row))
    return table


def curve_table(found: Comparison) -> Table:
    """All qualities of the width at which they were looked at."""
    table = Table(title="What the same quality number gives: bytes, SSIM")
    names = [peer.name for peer in found.peers]
    table.add_column("case")
    for name in names:
        table.add_column(name, justify="right")
    widest = [row.case for row in found.rows if row.speed is None and row.likeness]
    chosen = {row.case for row in found.rows if not widest or row.case.width == widest[0].width}
    for case in sorted(chosen, key=lambda each: (each.format, each.quality)):
        by_name = {row.peer: row for row in found.rows if row.case == case}
        cells = [
            "  ".join(dict.fromkeys(_looks(by_name[name]))) if name in by_name else DASH
            for name in names
        ]
        table.add_row(str(case), *cells)
    return table


def notes(found: Comparison) -> list[str]:
    """Why there are dashes, and what went wrong."""
    lines = {f"{row.peer} cannot do {row.case.format}: {row.why}" for row in found.rows if row.why}
    for row in found.rows:
        if row.speed and (failed := row.speed.cold.failed + row.speed.repeated.failed):
            lines.add(f"{row.peer} failed {failed} requests of {row.case}")
    return sorted(lines)


def write_csv(found: Comparison, path: Path) -> None:
    """A line for each server and case; what there is not is empty."""
    with path.open("w", newline="") as file:
        lines = csv.writer(file)
        kinds = [f"{kind}_{name}" for kind in ("cold", "repeated") for name in _TIMES]
        lines.writerow(
            ["server", "version", "format", "width", "quality", *kinds, "bytes", "ssim", "peak_mb"]
        )
        versions = {peer.name: peer.version for peer in found.peers}
        for row in found.rows:
            cold = _fields(row.speed.cold if row.speed else None)
            repeated = _fields(row.speed.repeated if row.speed else None)
            looks = (
                [f"{row.likeness.bytes:.0f}", f"{row.likeness.ssim:.4f}"] if row.likeness else []
            )
            case = [row.case.format, row.case.width, row.case.quality]
            peak = f"{found.peak[row.peer] / 1e6:.0f}"
            lines.writerow(
                [row.peer, versions[row.peer], *case, *cold, *repeated, *(looks or ["", ""]), peak]
            )


def _fields(timing: Timing | None) -> list[str]:
    if timing is None:
        return [""] * len(_TIMES)
    shown = (f"{each:.2f}" for each in (timing.rate, timing.ms(0.5), timing.ms(0.99)))
    return [*shown, str(timing.failed)]


def _times(row: Row) -> list[str]:
    if row.speed is None:
        return [DASH] * 6
    cells = []
    for timing in (row.speed.cold, row.speed.repeated):
        rate = f"{timing.rate:,.0f}" if timing.rate >= 100 else f"{timing.rate:.1f}"
        cells += [rate, f"{timing.ms(0.5):.1f}", f"{timing.ms(0.99):.1f}"]
    return cells


def _looks(row: Row) -> list[str]:
    if row.likeness is None:
        return [DASH, DASH]
    return [f"{row.likeness.bytes:,.0f}", f"{row.likeness.ssim:.4f}"]
