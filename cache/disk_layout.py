"""Where the disk tier's files lie, and which files are its own.

    <folder>/v1/<source[:2]>/<source>.<result>    one result each
    <folder>/v1/tmp/<writer>-<number>.part        being written; gets its name when it is whole
    <folder>/v1/lock                              held by the process that keeps house

A file that its owner may not write (0400) has a lifetime: its modification time is when it ends.
So the lifetime outlives a restart, and the file has no bytes but those that were put. All others
(0600) stay until their room is needed. Whatever has another name is not ours and stays for ever.
"""

from __future__ import annotations

import itertools
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

_VERSION = "v1"
_KEY = re.compile(r"([0-9a-f]{32})/([0-9a-f]{64})")
_NAME = re.compile(r"([0-9a-f]{32})\.([0-9a-f]{64})")
_SOURCE = re.compile(r"[0-9a-f]{32}")
_SHARD = re.compile(r"[0-9a-f]{2}")
_PART = re.compile(r"([0-9a-f]{32})-[0-9]+\.part")


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A result's file. ends: Unix seconds, None if it may stay."""

    path: str
    key: str
    size: int
    modified: float
    ends: float | None


class Layout:
    """The names below one folder. One object per writer: it marks its unfinished files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._root = str(folder / _VERSION)
        self._parts = os.path.join(self._root, "tmp")
        self.lock = f"{self._root}/lock"
        self._writer = uuid4().hex
        self._numbers = itertools.count()

    def create(self) -> None:
        """Make the folders that are not there; OSError if that cannot be."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self._root, self._parts):
            with suppress(FileExistsError):
                os.mkdir(folder, mode=0o700)

    def path(self, key: str) -> str:
        """Where the result is, or would be."""
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError(f"expected a key of 32 and 64 hexadecimal digits, a/b, got {key!r}")
        source, result = match.groups()
        return f"{self._root}/{source[:2]}/{source}.{result}"

    def new_part(self) -> str:
        """Where to write what is to become a result's file."""
        return f"{self._parts}/{self._writer}-{next(self._numbers)}.part"

    def files(self, source: str | None = None) -> Iterator[FoundFile]:
        """The results' files of one source, or all of them."""
        for item in self._listed(source):
            file = _found(item) if is_ours(item) else None
            if file is not None:
                yield file

    def foreign(self) -> Iterator[str]:
        """What lies among the results and is none."""
        return (item.path for item in self._listed(None) if not is_ours(item))

    def strays(self, *, before: float) -> Iterator[str]:
        """What other writers began, last wrote before then, and so never finished."""
        for item in _items(self._parts):
            match = _PART.fullmatch(item.name)
            if match is not None and match[1] != self._writer:
                facts = _facts(item)
                if facts is not None and facts.st_mtime < before:
                    yield item.path

    def _listed(self, source: str | None) -> Iterator[os.DirEntry[str]]:
        if source is None:
            for shard in _items(self._root):
                if _SHARD.fullmatch(shard.name):
                    yield from _items(shard.path)
        elif _SOURCE.fullmatch(source):
            for item in _items(f"{self._root}/{source[:2]}"):
                if item.name.startswith(f"{source}."):
                    yield item


def is_ours(item: os.DirEntry[str]) -> bool:
    """Whether the name is one of a result, and stands for a file."""
    return _NAME.fullmatch(item.name) is not None and item.is_file(follow_symlinks=False)


def end_of(facts: os.stat_result) -> float | None:
    """When the file's lifetime ends, if it has one."""
    return None if facts.st_mode & stat.S_IWUSR else facts.st_mtime


def _found(item: os.DirEntry[str]) -> FoundFile | None:
    facts = _facts(item)
    if facts is None:
        return None
    key = item.name.replace(".", "/")
    return FoundFile(item.path, key, facts.st_size, facts.st_mtime, end_of(facts))


def _facts(item: os.DirEntry[str]) -> os.stat_result | None:
    with suppress(FileNotFoundError):
        return item.stat(follow_symlinks=False)
    return None


def _items(folder: str) -> Iterator[os.DirEntry[str]]:
    try:
        listing = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with listing:
        yield from listing
