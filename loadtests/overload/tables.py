"""The figures as people read them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from loadtests.overload.figures import Bars, Figures
from loadtests.overload.turns import DISTURBED, Comparison


def surge_table(found: Figures, bars: Bars) -> Table:
    table = Table(title="Overload: milliseconds from when a request was due")
    for column in ("figure", "value", "bar"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for row in (
        ("capacity, new pictures a second", f"{found.capacity:.1f}", ""),
        ("before and after it", " and ".join(f"{one:.1f}" for one in found.capacities), ""),
        (
            "goodput, of the capacity",
            f"{found.goodput:.1f}, {found.goodput_share:.0%}",
            f"≥ {bars.goodput:.0%}",
        ),
        ("the same by processor time", f"{found.goodput_by_cpu:.0%}", ""),
        ("hits and 304s, p50 ms", f"{found.hit_p50_ms:.1f}", ""),
        ("hits and 304s, p99 ms", f"{found.hit_p99_ms:.1f}", f"< {bars.hit_ms:g}"),
        ("the same before, p99 ms", f"{found.quiet_hit_p99_ms:.1f}", ""),
        ("turned away", f"{found.shed}", "> 0"),
        ("turned away, p50 ms", f"{found.shed_p50_ms:.1f}", ""),
        ("turned away, p99 ms", f"{found.shed_p99_ms:.1f}", f"< {bars.shed_ms:g}"),
        ("without Retry-After or no-store", f"{found.shed_improperly}", "0"),
        ("unknown sources looked up", f"{found.looked_up} of {found.unseen}", ""),
        ("new pictures, p50 ms", f"{found.waited_p50_ms:.0f}", ""),
        ("new pictures, p99 ms", f"{found.waited_p99_ms:.0f}", ""),
        ("other answers", _counts(found.others), "none"),
        ("not sent", f"{found.unsent}", ""),
        ("sent late, p99 ms", f"{found.sent_late_ms:.1f}", ""),
        ("normal again after, s", f"{found.normal_seconds:.1f}", f"< {bars.normal_seconds:g}"),
    ):
        table.add_row(*row)
    return table


def lanes_table(found: Sequence[Comparison]) -> Table:
    table = Table(
        title="Small pictures beside what should not matter to them (medians of the rounds)"
    )
    for column in ("comparison", "turn", "answers", "p50 ms", "p99 ms", "p99 ratio", "bar"):
        table.add_column(column, justify="left" if column in ("comparison", "turn") else "right")
    for one in found:
        for turn, seconds in one.seconds.items():
            barred = turn == DISTURBED
            table.add_row(
                one.title if turn == next(iter(one.seconds)) else "",
                f"{turn}: {_counts(one.disturbing)}" if barred else turn,
                str(sum(map(len, seconds))),
                f"{one.ms(turn, 0.5):.1f}",
                f"{one.ms(turn, 0.99):.1f}",
                f"{one.ratio(turn):.2f}",
                f"< {one.most:g}" if barred else "",
            )
    return table


def _counts(counts: object) -> str:
    if not isinstance(counts, dict) or not counts:
        return "none"
    return ", ".join(f"{count} of {name}" for name, count in sorted(counts.items()))
