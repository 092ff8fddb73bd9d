"""Look at everything that a server needs, without one.

Exit codes: 0 nothing failed, 1 something did, 2 wrong usage.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from origin.cli.admin_client import printable
from origin.doctor.configured import unreadable
from origin.doctor.engine import check_engine
from origin.doctor.examination import examine
from origin.doctor.finding import Finding, Level
from origin.logs import configure_logs
from origin.settings import SettingsError, read_settings

_COLOURS: Final = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


def doctor(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    within: Annotated[
        float, typer.Option(min=0.1, max=600, help="Seconds that each check may take.")
    ] = 5.0,
) -> None:
    """Check the settings, and all that they name: keys, codecs, sandbox, stores, Redis, limits.

    Prints a line for each part: OK, WARN or FAIL, what was found, and what to do about it. Needs no
    running server; start it with the same environment, as the same user.
    """
    configure_logs()
    findings = _examined(within)
    failed = any(finding.level is Level.FAIL for finding in findings)
    if as_json:
        typer.echo(json.dumps({"ok": not failed, "findings": [asdict(one) for one in findings]}))
    else:
        for finding in findings:
            line = printable(str(finding))
            level = finding.level
            typer.echo(typer.style(line[: len(level)], fg=_COLOURS[level]) + line[len(level) :])
    if failed:
        raise typer.Exit(1)


def _examined(within: float) -> list[Finding]:
    try:
        settings = read_settings()
    except SettingsError as error:
        return [*check_engine(), *unreadable(error)]
    return asyncio.run(examine(settings, within=within))
