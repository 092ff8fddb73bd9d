"""Make results before visitors ask for them, and go on where an earlier run stopped.

Exit codes: 0 all is warm, 1 something is not, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console

from origin.cli.admin_client import Admin, AdminError, AdminPort, open_admin, printable
from origin.cli.warm_batches import Batches
from origin.cli.warm_journal import Journal, open_journal
from origin.cli.warm_list import WarmList, read_lines
from origin.cli.warm_progress import Tally, open_progress

_STDIN: Final = "-"
_INCOMPLETE: Final = 1
_INTERRUPTED: Final = 130


def warm(
    file: Annotated[
        str | None,
        typer.Argument(metavar="FILE", help="URLs or paths, one a line; - reads stdin."),
    ] = None,
    *,
    source: Annotated[
        list[str] | None, typer.Option(help="Source to warm under each preset (repeatable).")
    ] = None,
    sources: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Such sources, one a line.")
    ] = None,
    preset: Annotated[
        list[str] | None, typer.Option(help="Preset for the sources (repeatable).")
    ] = None,
    only_presets: Annotated[
        bool,
        typer.Option(
            "--only-presets",
            envvar="SAFELIGHT_ONLY_PRESETS",
            help="The server's URLs name presets instead of options.",
        ),
    ] = False,
    admin: Admin = None,
    journal: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="What is warm already; FILE.warmed if not given."),
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Forget the journal.")] = False,
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Paths in one request.")] = 50,
) -> None:
    """Make the results of a list of URLs, or of sources under presets, in all formats.

    A second run with the same list goes on where the first one stopped, and tries again what
    failed.
    """
    wanted = WarmList()
    try:
        if file is not None:
            _add_file(wanted, file)
        _add_sources(wanted, source or [], sources, preset or [], only_presets=only_presets)
    except OSError as error:
        raise typer.BadParameter(f"{error.filename}: {error.strerror}") from None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if not wanted.paths and not wanted.refused:
        raise typer.BadParameter("expected a FILE of URLs, or sources with presets, got none")
    place = journal or _beside(file, sources)
    with open_admin(admin) as port, open_journal(place, restart=restart) as kept:
        code = _warm(port, wanted, kept, size=batch)
    if code:
        raise typer.Exit(code)


def _add_file(wanted: WarmList, name: str) -> None:
    """OSError, ValueError."""
    if name == _STDIN:
        wanted.add_urls(read_lines(sys.stdin.buffer), "stdin")
        return
    with Path(name).open("rb") as file:
        wanted.add_urls(read_lines(file), name)


def _add_sources(
    wanted: WarmList, given: list[str], file: Path | None, presets: list[str], *, only_presets: bool
) -> None:
    """OSError, ValueError."""
    if bool(given or file) != bool(presets):
        raise ValueError("expected sources (--source, --sources) and --preset together")
    wanted.add_sources(given, presets, only_presets=only_presets)
    if file is not None:
        with file.open("rb") as lines:
            listed = (text for _, text in read_lines(lines))
            wanted.add_sources(listed, presets, only_presets=only_presets)


def _beside(file: str | None, sources: Path | None) -> Path | None:
    """Where the journal of a list is, if the list has a place of its own."""
    place = sources if file is None else None if file == _STDIN else Path(file)
    return place and place.with_name(f"{place.name}.warmed")


def _warm(port: AdminPort, wanted: WarmList, journal: Journal, *, size: int) -> int:
    """The exit code."""
    paths = [path for path in wanted.paths if path not in journal.finished]
    if known := len(wanted.paths) - len(paths):
        first = "Going on" if paths else "Nothing to do"
        typer.echo(
            f"{first}: {known:,} of {len(wanted.paths):,} paths are warm, says {journal.path} "
            "(--restart forgets it)."
        )
    tally = Tally(len(paths))
    code = 0
    if paths:
        port.check()
        code = _send(port, paths, tally, journal, size=size)
    _list("failed, and the next run tries them again", tally.failures, tally.failed)
    _list("are not usable and were left out", wanted.junk, wanted.refused)
    return code or (_INCOMPLETE if tally.failed or wanted.refused else 0)


def _send(port: AdminPort, paths: list[str], tally: Tally, journal: Journal, *, size: int) -> int:
    """The exit code, as far as it does not depend on single paths."""
    began = time.monotonic()
    try:
        with open_progress(tally, Console()) as progress:
            Batches(port, journal, tally, progress).send(paths, size=size)
    except KeyboardInterrupt:
        _say(f"\nInterrupted after {tally.done:,} of {tally.paths:,} paths: {tally}.", journal)
        return _INTERRUPTED
    except AdminError as error:
        _say(f"{error}\nStopped after {tally.done:,} of {tally.paths:,} paths: {tally}.", journal)
        return _INCOMPLETE
    typer.echo(f"{tally.done:,} paths in {time.monotonic() - began:,.1f} s: {tally}.")
    return 0


def _say(message: str, journal: Journal) -> None:
    typer.secho(message, err=True, fg="yellow")
    if journal.path is None:
        hint = "A second run asks for all of it again; with --journal FILE it would go on."
    else:
        hint = f"Run the same command again to go on; {journal.path} holds what is warm."
    typer.echo(hint, err=True)


def _list(title: str, lines: list[str], count: int) -> None:
    """The first of them, and how many more there are."""
    if not count:
        return
    typer.secho(f"{count:,} {title}:", err=True, fg="red")
    for line in lines:
        typer.echo(f"  {printable(line)}", err=True)
    if more := count - len(lines):
        typer.echo(f"  … and {more:,} more", err=True)
