"""The `safelight` command. Each module of this package holds commands; this one registers them."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from origin.cli import doctor, explain, keys, purge, serve, warm
from origin.cli.admin_client import AdminError
from origin.cli.warm_journal import JournalError
from origin.errors import WorkerCrashed
from origin.settings import SettingsError
from signing.errors import KeyConfigError

# What a person at a command line can mend: shown as a message, without a traceback.
MENDABLE = (KeyConfigError, SettingsError, WorkerCrashed, AdminError, JournalError)

app = typer.Typer(
    name="safelight",
    help="An on-demand image origin: signed URL in, transformed picture out.\n\n"
    "Start with **safelight keygen**, then **safelight sign PATH** makes a URL and "
    "**safelight verify URL** explains why one is refused. **safelight doctor** looks at all "
    "that a server needs, **safelight explain URL** says what it makes of a URL.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,  # its tracebacks may show keys
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(keys.keygen)
app.command()(keys.sign)
app.command()(keys.verify)
app.command()(serve.serve)
app.command()(purge.purge)
app.command()(warm.warm)
app.command()(explain.explain)
app.command()(doctor.doctor)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit; the process's own arguments unless some are given."""
    try:
        app(args=arguments, prog_name="safelight")
    except MENDABLE as error:
        typer.secho(str(error), err=True, fg="red")
        sys.exit(1)
