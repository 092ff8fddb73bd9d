"""What to warm: the paths of a list of URLs, and of sources under presets.

A line is a URL or a path; blank ones and those that begin with # are passed over. A list may be
large but is not endless, and what no URL can be is set aside with its line number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, Final
from urllib.parse import quote

MAX_PATHS: Final = 1_000_000
MAX_LINE_BYTES: Final = 32_768
MAX_SHOWN: Final = 20
_HOST: Final = re.compile(r"(?:https?:)?//[^/?#]*", re.IGNORECASE)
_PRESET: Final = re.compile(r"[^\s/?#%]+", re.ASCII)
_AS_SENT: Final = "%/:@!$&'()*+,;=-._~"


@dataclass(slots=True)
class WarmList:
    """paths: each once, in their order. junk: what the first unusable lines are, of `refused`."""

    paths: dict[str, None] = field(default_factory=dict)
    junk: list[str] = field(default_factory=list)
    refused: int = 0

    def add(self, path: str) -> None:
        """ValueError if there are too many."""
        self.paths[path] = None
        if len(self.paths) > MAX_PATHS:
            raise ValueError(f"expected at most {MAX_PATHS:,} paths, got more: split the list")

    def refuse(self, problem: str) -> None:
        self.refused += 1
        if len(self.junk) < MAX_SHOWN:
            self.junk.append(problem)

    def add_urls(self, lines: Iterable[tuple[int, str]], name: str) -> None:
        """Of a list called `name`."""
        for number, line in lines:
            try:
                self.add(path_of(line))
            except JunkError as error:
                self.refuse(f"{name} line {number}: {error}")

    def add_sources(
        self, sources: Iterable[str], presets: Sequence[str], *, only_presets: bool = False
    ) -> None:
        """Each source under each preset. ValueError for what no preset is called."""
        for preset in presets:
            if not _PRESET.fullmatch(preset):
                raise ValueError(f"--preset: expected a name as URLs hold it, got {_shown(preset)}")
        option = "" if only_presets else "preset:"
        for source in sources:
            for preset in presets:
                self.add(f"/{option}{preset}/plain/{_escaped(source, '/:')}")


class JunkError(Exception):
    """A line that is neither a URL nor a path."""


def path_of(line: str) -> str:
    """What the server parses of a URL or path: host, query and signature are left out.

    A first segment with a colon is an option, and `plain` or a segment that is alone begins the
    source: such paths are not signed. Any other first segment is taken for the signature.
    """
    host = _HOST.match(line)
    path = re.split("[?#]", line[host.end() :] if host else line, maxsplit=1)[0]
    if not path.startswith("/"):
        raise JunkError(f"expected a URL or a path that begins with a slash, got {_shown(line)}")
    first, slash, rest = path[1:].partition("/")
    if not (":" in first or "%3a" in first.lower() or first == "plain" or not slash):
        first, path = rest, f"/{rest}"
    if not first:
        raise JunkError(f"expected options and a source in the path, got {_shown(line)}")
    path = _escaped(path, _AS_SENT)
    if len(path) > MAX_LINE_BYTES:
        raise JunkError(f"expected a path of at most {MAX_LINE_BYTES} bytes, got {len(path)}")
    return path


def read_lines(file: BinaryIO) -> Iterator[tuple[int, str]]:
    """The lines that say something, with their numbers; bytes that are no UTF-8 stay as they are.

    A line that is too long is cut, and so becomes junk or a path that the server refuses.
    """
    number = 0
    while line := file.readline(MAX_LINE_BYTES):
        number += 1
        whole = line
        while len(whole) == MAX_LINE_BYTES and not whole.endswith(b"\n"):
            whole = file.readline(MAX_LINE_BYTES)
        text = line.decode(errors="surrogateescape").removeprefix("\ufeff" * (number == 1)).strip()
        if text and not text.startswith("#"):
            yield number, text


def _escaped(text: str, safe: str) -> str:
    return quote(text, safe=safe, errors="surrogateescape")


def _shown(line: str) -> str:
    return ascii(line[:80]) + ("…" if len(line) > 80 else "")
