"""Forget sources on every node, and say who heard of it.

Exit codes: 0 done everywhere, 1 a tier or a node is missing or nothing answers, 2 wrong usage.
"""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Annotated, Final

import typer

from origin.cli.admin_client import Admin, AdminPort, AdminRefused, open_admin, printable
from origin.purge_report import PurgeReport, from_json

_INCOMPLETE: Final = 1
_REFUSED: Final = 2
_SCOPES: Final = {
    "source": "{name}, with all that was made of it",
    "prefix": "every source that begins with {name}",
    "tag": "everything with the tag {name}",
}
_STATES: Final = {
    "dropped": "done",
    "hidden": "done; nothing asks for what is left there",
    "unreachable": "NOT reached",
    "failed": "FAILED; the server's log says why",
}


def purge(
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="SOURCE", help="Sources as URLs name them: local:///shoes/red.jpg"),
    ] = None,
    *,
    prefix: Annotated[
        list[str] | None,
        typer.Option(help="All sources that begin so: s3://shop/ (may be repeated)."),
    ] = None,
    tag: Annotated[
        list[str] | None, typer.Option(help="All that has this tag (may be repeated).")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the reports as JSON, one a line.")
    ] = False,
    admin: Admin = None,
) -> None:
    """Make servers look at sources again, and say what to purge at the CDN.

    The exit code is 1 if any tier or node was not reached.
    """
    orders = [("source", name) for name in sources or ()]
    orders += [("prefix", name) for name in prefix or ()]
    orders += [("tag", name) for name in tag or ()]
    _check(orders)
    worst = 0
    with open_admin(admin) as port:
        for scope, name in orders:
            try:
                code = _purge(port, scope, name, as_json=as_json)
            except AdminRefused as error:
                typer.secho(f"{printable(name)}: {error}", err=True, fg="red")
                code = _REFUSED
            worst = max(worst, code)
    if worst:
        raise typer.Exit(worst)


def _check(orders: list[tuple[str, str]]) -> None:
    """typer.BadParameter."""
    if not orders:
        raise typer.BadParameter("expected a SOURCE, a --prefix or a --tag, got none")
    for scope, name in orders:
        if not name:
            raise typer.BadParameter(f"{scope}: expected a name, got an empty one")


def _purge(port: AdminPort, scope: str, name: str, *, as_json: bool) -> int:
    """The exit code for this one."""
    answer = port.ask("/purge", {scope: name})
    try:
        report = from_json(answer)
    except ValueError as error:
        raise AdminRefused(
            f"{port.url} answered no report ({error}). Is that server of the same version?"
        ) from None
    typer.echo(json.dumps(answer) if as_json else _told(report, now=time.time()))
    return 0 if report.complete else _INCOMPLETE


def _told(report: PurgeReport, *, now: float) -> str:
    """The report in plain words; `now` is Unix time."""
    lines = [f"Purged {_SCOPES[report.scope].format(name=report.name)}"]
    lines += [f"  tier {name}: {_STATES[state]}" for name, state in report.tiers.items()]
    lines.append(f"  nodes reached: {', '.join(report.reached) or 'none'}")
    if report.missing:
        lines.append(f"  nodes NOT reached: {', '.join(report.missing)}")
    if not report.complete:
        moment = datetime.fromtimestamp(now + report.within_s).astimezone().strftime("%H:%M:%S")
        lines.append(
            f"  Even so, every node has it within {report.within_s:g} s, by {moment} "
            "(SAFELIGHT_POINTER_TTL)."
        )
        lines.append("  To have it sooner, mend what is down and run this command again.")
    if report.tags:
        lines.append(f"  Now purge at the CDN, by tag: {' '.join(report.tags)}")
    else:
        lines.append("  Now purge at the CDN, by URL: no tag stands for this.")
    return "\n".join(printable(line) for line in lines)
