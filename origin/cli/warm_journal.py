"""Which paths are warm already, so that a run that was cut short goes on where it stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Final

_HEAD: Final = b"# Paths that `safelight warm` is done with. Without this file it begins again.\n"


class JournalError(Exception):
    """The file cannot be read or written, or is something else."""


class Journal:
    """One path a line in a file; kept nowhere if there is none."""

    def __init__(self, path: Path | None, file: FileIO | None, finished: frozenset[str]) -> None:
        self.path = path
        self.finished = finished
        self._file = file

    def add(self, path: str) -> None:
        """Written at once: the next moment may be the last. JournalError."""
        if self._file is None:
            return
        line = f"{path}\n".encode()
        try:
            written = self._file.write(line)
        except OSError as error:
            raise JournalError(f"{self.path}: cannot be written: {error.strerror}") from error
        if written != len(line):
            raise JournalError(f"{self.path}: cannot be written: no room is left")


@contextmanager
def open_journal(path: Path | None, *, restart: bool) -> Iterator[Journal]:
    """JournalError if the file cannot be used. restart: forget what it holds."""
    if path is None:
        yield Journal(None, None, frozenset())
        return
    try:
        file = FileIO(path, "a+")
    except OSError as error:
        raise JournalError(
            f"{path}: cannot be written: {error.strerror}; "
            "name another place for the journal with --journal"
        ) from error
    with file:
        yield Journal(path, file, _begin(file, path, restart=restart))


def _begin(file: FileIO, path: Path, *, restart: bool) -> frozenset[str]:
    """The paths that it holds. What a crash cut in two is no path, and is cut off."""
    file.seek(0)
    head = file.read(len(_HEAD)) or b""
    if not _HEAD.startswith(head):
        raise JournalError(
            f"{path}: expected a journal of `safelight warm`, got another file; "
            "name another place for the journal with --journal"
        )
    if restart or head != _HEAD:
        file.truncate(0)
        file.write(_HEAD)
        return frozenset()
    content = file.read() or b""
    whole = content[: content.rfind(b"\n") + 1]
    file.truncate(len(_HEAD) + len(whole))
    return frozenset(whole.decode(errors="replace").splitlines())
