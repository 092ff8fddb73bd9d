"""Send paths to a server, a batch at a time; a path is settled when all its results have come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from origin.cli.admin_client import AdminError, AdminGone, AdminPort, AdminRefused, printable
from origin.cli.warm_journal import Journal
from origin.cli.warm_list import MAX_SHOWN
from origin.cli.warm_progress import Progress, Tally

PAUSES: Final = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try with a server that went away."""

_MAX_BATCH_BYTES: Final = 3 * 2**20
_STATUS: Final = ("hit", "made", "failed")


class ServerLost(AdminError):
    """It went away and did not come back in time."""


@dataclass(frozen=True, slots=True)
class Batches:
    """tally and journal hear of every path that is settled."""

    port: AdminPort
    journal: Journal
    tally: Tally
    progress: Progress
    pauses: Sequence[float] = PAUSES
    sleep: Callable[[float], None] = time.sleep

    def send(self, paths: Iterable[str], *, size: int) -> None:
        """In batches of `size` paths at most. AdminError if it cannot go on."""
        for batch in _batches(paths, size):
            self._send(dict.fromkeys(batch))

    def _send(self, left: dict[str, None]) -> None:
        """Tries until nothing is left; pauses grow for as long as nothing is settled."""
        pauses = iter(self.pauses)
        while left:
            before = len(left)
            reason = self._ask(left)
            if not left:
                return
            if len(left) < before:
                pauses = iter(self.pauses)
            pause = next(pauses, None)
            if pause is None:
                raise ServerLost(f"{reason}\nThe server did not come back.")
            self.progress.say(f"{reason} Trying again in {pause:g} s.")
            self.sleep(pause)

    def _ask(self, left: dict[str, None]) -> str:
        """Takes out what is settled; why the rest is left, if any is."""
        came: dict[str, list[dict[str, Any]]] = {}
        try:
            with closing(self.port.stream("/warm", {"paths": list(left)})) as results:
                for result in results:
                    path, of = self._checked(result)
                    if path not in left:
                        continue
                    same = came.setdefault(path, [])
                    same.append(result)
                    if len(same) == of:
                        del left[path]
                        self._settle(path, came.pop(path))
        except AdminGone as error:
            return str(error).splitlines()[0]
        return f"{self.port.url}/warm ended its answer early, as a server does that stops."

    def _checked(self, result: dict[str, Any]) -> tuple[str, int]:
        path, of = result.get("path"), result.get("of")
        if isinstance(path, str) and isinstance(of, int) and result.get("status") in _STATUS:
            return path, of
        raise AdminRefused(
            f"{self.port.url}/warm answered a line that is no result. "
            "Is that server of the same version?"
        )

    def _settle(self, path: str, results: list[dict[str, Any]]) -> None:
        tally = self.tally
        tally.done += 1
        tally.hits += sum(result["status"] == "hit" for result in results)
        tally.made += sum(result["status"] == "made" for result in results)
        failed = next((result for result in results if result["status"] == "failed"), None)
        if failed is None:
            self.journal.add(path)
        else:
            tally.failed += 1
            if len(tally.failures) < MAX_SHOWN:
                why = f"{failed.get('error')}: {failed.get('message')}"
                tally.failures.append(f"{path}  {printable(why)}")
        self.progress.show(tally)


def _batches(paths: Iterable[str], size: int) -> Iterator[list[str]]:
    batch: list[str] = []
    room = _MAX_BATCH_BYTES
    for path in paths:
        if batch and (len(batch) == size or len(path) > room):
            yield batch
            batch, room = [], _MAX_BATCH_BYTES
        batch.append(path)
        room -= len(path) + len('"", ')
    if batch:
        yield batch
