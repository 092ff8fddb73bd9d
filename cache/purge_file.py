"""Purges on disk, so that a restart brings nothing back that was purged.

    {"scope":"prefix","name":"s3://shop/summer/","at":1767225600000}

One line is one purge, and lines are only ever appended, so a process that dies at any moment costs
at most the line that it was writing. When most lines have become pointless the file is written
anew beside itself and renamed. One process has a file; a failure is logged and never raised.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import get_args

from anyio import CapacityLimiter, to_thread

from cache.purges import Purge, Purges, Scope

_SCOPES = get_args(Scope)
_FLAGS = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
logger = logging.getLogger(__name__)


class PurgeFile:
    """Written anew when it has `spare_lines` more than twice the lines that are needed."""

    def __init__(self, path: Path, *, spare_lines: int = 1_000) -> None:
        self._path = path
        self._spare_lines = spare_lines
        self._lines = 0
        self._needed = 0
        self._turn = CapacityLimiter(1)
        # A cancelled caller gives its turn away while its thread still writes.
        self._lock = threading.Lock()

    async def load(self, purges: Purges) -> None:
        """Apply what the file holds; lines that were cut, or are none of ours, are skipped."""
        for purge in await to_thread.run_sync(self._load, limiter=self._turn):
            purges.apply(purge)

    async def append(self, *purges: Purge) -> None:
        """Returns when they are on the disk, or when that failed."""
        await to_thread.run_sync(self._append, purges, limiter=self._turn)

    def _load(self) -> list[Purge]:
        with self._lock:
            try:
                found = self._read()
            except FileNotFoundError:
                return []
            except OSError as error:
                logger.error("expected to read the purges in %s, got %s", self._path, error)
                return []
            self._needed = len(_needed(found))
            return found

    def _append(self, purges: tuple[Purge, ...]) -> None:
        with self._lock:
            try:
                self._write(purges)
                self._lines += len(purges)
                if self._lines > 2 * self._needed + self._spare_lines:
                    self._compact()
            except OSError as error:
                logger.error("expected to keep %d purges, got %s", len(purges), error)

    def _read(self) -> list[Purge]:
        with self._path.open("rb") as file:
            lines = file.read().splitlines()
        found = [purge for line in lines if (purge := _parse(line))]
        if len(found) < len(lines):
            junk = len(lines) - len(found)
            logger.warning("%s: skipped %d lines that are no purges", self._path, junk)
        self._lines = len(lines)
        return found

    def _write(self, purges: Iterable[Purge]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, _FLAGS, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            cut = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            _write_all(descriptor, b"\n" * cut + _lines(purges))
        finally:
            os.close(descriptor)
        if not size:
            _sync_folder(self._path.parent)

    def _compact(self) -> None:
        """From what is in the file alone: what is not in it yet has its own line still to come."""
        needed = _needed(self._read())
        # If the rest fails, it is tried again only after as many more lines.
        self._lines = 0
        beside = self._path.with_name(f"{self._path.name}.new")
        descriptor = os.open(beside, _FLAGS | os.O_TRUNC, 0o600)
        try:
            _write_all(descriptor, _lines(needed))
        finally:
            os.close(descriptor)
        beside.replace(self._path)
        _sync_folder(self._path.parent)
        self._lines = self._needed = len(needed)


def _needed(found: Iterable[Purge]) -> list[Purge]:
    """As few purges as make the same generations."""
    purges = Purges()
    for purge in found:
        purges.apply(purge)
    return list(purges.all())


def _parse(line: bytes) -> Purge | None:
    try:
        match json.loads(line):
            case {"scope": scope, "name": str(name), "at": int(at)}:
                return Purge(scope, name, at) if scope in _SCOPES and at is not True else None
    except (ValueError, RecursionError):
        pass
    return None


def _lines(purges: Iterable[Purge]) -> bytes:
    lines = [json.dumps(asdict(purge), separators=(",", ":")) + "\n" for purge in purges]
    return "".join(lines).encode()


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
    os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
