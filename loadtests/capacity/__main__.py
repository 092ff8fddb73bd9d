"""`python -m loadtests.capacity`: cores, memory, bandwidth and storage for so many visits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from loadtests.capacity.measure import measure
from loadtests.capacity.model import Assumptions, Costs, Need, need
from loadtests.capacity.plot import draw

_MEAN, _PEAK = 12_000.0, 36_000.0


def main(
    visits: Annotated[
        list[float] | None, typer.Option(help="requests per second at the CDN; may be repeated")
    ] = None,
    cdn_hit: Annotated[float, typer.Option(help="share that the CDN answers")] = 0.95,
    tier: Annotated[
        list[str] | None, typer.Option(help="share of a tier, `memory=0.3`; may be repeated")
    ] = None,
    fmt: Annotated[
        list[str] | None,
        typer.Option("--format", help="share of the renders, `avif=0.2`; all of them or none"),
    ] = None,
    utilisation: Annotated[float, typer.Option(help="of the processors")] = 0.6,
    plot: Annotated[Path | None, typer.Option(help="write a plot, PNG or SVG")] = None,
) -> None:
    """Measure this machine for a minute or two, and print what a traffic needs of its like."""
    standard = Assumptions()
    assumed = Assumptions(
        cdn_hit=cdn_hit,
        tiers=_shares(tier) or standard.tiers,
        formats=_shares(fmt) or standard.formats,
        utilisation=utilisation,
    )
    console = Console()
    with console.status("measuring CPU time by tier and format"):
        costs = measure()
    needs = [need(each, costs, assumed) for each in visits or (_MEAN, _PEAK, 10 * _MEAN)]
    console.print(costs_table(costs), assumptions_table(assumed), needs_table(needs))
    if plot is not None:
        draw(costs, assumed, plot)
        console.print(f"plot: {plot}")


def costs_table(costs: Costs) -> Table:
    table = Table("what", "CPU ms", title="Measured on one core of this machine")
    for tier, each in costs.hit.items():
        table.add_row(f"hit in {tier}", f"{each:.2f}")
    table.add_row("miss, in the server", f"{costs.miss:.2f}")
    for name, each in costs.render.items():
        table.add_row(f"render as {name}, in a worker", f"{each:.1f}")
    return table


def assumptions_table(assumed: Assumptions) -> Table:
    table = Table("assumed", "value", title="Assumed, not measured")
    for name, value in asdict(assumed).items():
        shown = ", ".join(f"{k} {v:g}" for k, v in value.items()) if name in _MAPS else f"{value:g}"
        table.add_row(name.replace("_", " "), shown)
    return table


_MAPS = ("tiers", "formats")


def needs_table(needs: Sequence[Need]) -> Table:
    table = Table(title="Needed")
    columns = ("visits/s", "at the origin/s", "renders/s", "cores", "nodes", "memory GB")
    for column in (*columns, "edge Gbit/s", "origin Gbit/s", "storage TB"):
        table.add_column(column, justify="right")
    for each in needs:
        table.add_row(
            f"{each.visits:,.0f}",
            f"{each.origin:,.0f}",
            f"{each.renders:,.0f}",
            f"{each.cores:,.0f}",
            f"{each.nodes:,}",
            f"{each.memory / 1e9:,.0f}",
            f"{each.edge_bandwidth / 1e9:.1f}",
            f"{each.origin_bandwidth / 1e9:.2f}",
            f"{each.storage / 1e12:.1f}",
        )
    return table


def _shares(given: Sequence[str] | None) -> Mapping[str, float]:
    shares = {}
    for each in given or ():
        name, _, share = each.partition("=")
        try:
            shares[name] = float(share)
        except ValueError:
            raise typer.BadParameter(f"expected a share such as memory=0.3, got {each!r}") from None
    return shares


if __name__ == "__main__":
    typer.run(main)
