"""Say what a URL is understood as, and what a server would do with it.

Exit codes: 0 understood, 1 refused or nothing to ask, 2 wrong usage.
"""

from __future__ import annotations

import json
import os
from typing import Annotated, Any

import typer
from dotenv import dotenv_values

from origin.cli.admin_client import SETTING, Admin, AdminGone, open_admin
from origin.cli.explain_table import show
from origin.cli.keys import DEMO_KEYS
from origin.explain.explanation import explain_offline
from origin.explain.format import BROWSER
from origin.explain.url import as_sent
from origin.rules import make_rules
from origin.settings import Settings, read_settings
from signing.keys import KEYS, SALTS

_REFUSED = 1


def explain(
    url: Annotated[str, typer.Argument(help="A whole URL or the path of one.")],
    *,
    accept: Annotated[
        str, typer.Option(metavar="FIELD", help="The client's Accept; '' for none.")
    ] = BROWSER,
    run: Annotated[
        bool, typer.Option("--run", help="Render it, after everybody else's, and time the stages.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no server: signature, options and format alone.")
    ] = False,
    admin: Admin = None,
) -> None:
    """Say how a URL is read, what its answer would be, and why.

    Asks a running server by its admin port. If none answers, and none was named, it says as much
    as the settings of this environment tell. The exit code is 1 for a URL that is refused.
    """
    if offline and (run or admin is not None):
        raise typer.BadParameter(
            "--offline: expected without --run and --admin, which need a server"
        )
    sent = as_sent(url).decode()
    facts = None if offline else _asked(sent, accept, run=run, admin=admin)
    if facts is None:
        facts = explain_offline(sent, accept=accept, rules=make_rules(_settings()))
    if as_json:
        typer.echo(json.dumps(facts))
    else:
        show(facts)
    if not facts.get("understood"):
        raise typer.Exit(_REFUSED)


def _asked(url: str, accept: str, *, run: bool, admin: str | None) -> dict[str, Any] | None:
    """What the server says; None if there is none, and it need not be one. AdminError."""
    may_be_none = admin is None and not run
    if may_be_none and os.environ.get(SETTING) == "0":
        _say(f"{SETTING}=0: no server is asked.")
        return None
    with open_admin(admin) as port:
        try:
            port.check()
        except AdminGone as error:
            if not may_be_none:
                raise
            _say(f"{str(error).splitlines()[0]} What follows is by this environment's settings.")
            return None
        return port.ask("/explain", {"url": url, "accept": accept, "run": run})


def _settings() -> Settings:
    """With the demo's keys where there are no others, as for `sign` and `verify`."""
    settings = read_settings()
    if settings.keys or settings.salts or settings.unsafe:
        return settings
    if not DEMO_KEYS.is_file():
        _say(f"{KEYS} and {SALTS} are not set here: the signature is not checked.")
        return settings.model_copy(update={"unsafe": True})
    _say(f"Using the keys in {DEMO_KEYS}.")
    values = dotenv_values(DEMO_KEYS, interpolate=False)
    return settings.model_copy(
        update={"keys": values.get(KEYS) or "", "salts": values.get(SALTS) or ""}
    )


def _say(message: str) -> None:
    typer.secho(message, err=True, fg="yellow")
