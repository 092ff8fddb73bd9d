"""How far a warming is: a bar on a terminal, a line now and then everywhere else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, Protocol

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as RichProgress

EVERY: Final = 5.0
"""Seconds between two lines."""


@dataclass(slots=True)
class Tally:
    """paths: to be done in this run; done: finished or failed. hits, made: single results."""

    paths: int
    done: int = 0
    hits: int = 0
    made: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.made:,} made, {self.hits:,} hits, {self.failed:,} failed"


class Progress(Protocol):
    """What a person watches."""

    def show(self, tally: Tally) -> None:
        """Called after every change."""

    def say(self, message: str) -> None:
        """Something that happened."""


@contextmanager
def open_progress(tally: Tally, console: Console) -> Iterator[Progress]:
    """As it suits the console."""
    if not console.is_terminal:
        yield Lines()
        return
    with RichProgress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=console,
    ) as shown:
        yield Bar(shown, tally)


class Bar:
    """On a terminal."""

    def __init__(self, shown: RichProgress, tally: Tally) -> None:
        self._shown = shown
        self._task = shown.add_task("", total=tally.paths, counts=str(tally), rate="")

    def show(self, tally: Tally) -> None:
        speed = self._shown.tasks[0].speed
        rate = "" if speed is None else f"{speed:,.1f}/s"
        self._shown.update(self._task, completed=tally.done, counts=str(tally), rate=rate)

    def say(self, message: str) -> None:
        self._shown.console.print(message, markup=False, highlight=False)


class Lines:
    """In a log: at most one every few seconds."""

    def __init__(self, *, every: float = EVERY, clock: Callable[[], float] = time.monotonic):
        self._every = every
        self._clock = clock
        self._began = self._last = clock()

    def show(self, tally: Tally) -> None:
        now = self._clock()
        if now - self._last < self._every:
            return
        self._last = now
        rate = tally.done / (now - self._began)
        left = timedelta(seconds=round((tally.paths - tally.done) / rate)) if rate else "unknown"
        typer.echo(
            f"{tally.done:,} of {tally.paths:,} paths: {tally}; {rate:,.1f} a second, {left} left"
        )

    def say(self, message: str) -> None:
        typer.echo(message, err=True)
