"""What is asked for: pictures that nobody has asked for before, and some that everybody has."""

from __future__ import annotations

import asyncio
import itertools
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Final

from loadtests.bench.client import drive, get
from loadtests.bench.pictures import photographs

COLD: Final = "cold"
HIT: Final = "hit"
UNCHANGED: Final = "304"
UNSEEN: Final = "unseen source"
# Those of a srcset, and not in order: however few are asked for, it is about the same work.
_WIDTHS: Final = (640, 320, 1280, 480, 960)


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests for pictures of one server. kept: results that are in its memory, with ETags."""

    names: tuple[str, ...]
    kept: tuple[tuple[str, str], ...]

    def cold(self, name: str) -> Iterator[bytes]:
        """Results that were never made, widths and pictures in turn. name: unlike all before."""
        for number, picture in enumerate(itertools.cycle(self.names)):
            width = _WIDTHS[number // len(self.names) % len(_WIDTHS)]
            yield get(f"/_/w:{width}/cb:{name}-{number}/plain/local:///{picture}@webp")

    def hits(self) -> Iterator[bytes]:
        return itertools.cycle([get(path) for path, _ in self.kept])

    def unchanged(self) -> Iterator[bytes]:
        return itertools.cycle([get(path, If_None_Match=tag) for path, tag in self.kept])

    def unseen(self, name: str) -> Iterator[bytes]:
        """Sources that do not exist, which nobody finds out without a look at the store."""
        for number in itertools.count():
            yield get(f"/_/w:400/plain/local:///absent-{name}-{number}.jpg")


def put_pictures(root: Path) -> tuple[str, ...]:
    """Their names in the folder."""
    for name, data in photographs().items():
        (root / name).write_bytes(data)
    return tuple(photographs())


def open_traffic(port: int, names: tuple[str, ...], *, kept: int = 8) -> Traffic:
    """Has the server look at every source, and make what will be hits."""
    paths = [
        f"/_/w:{200 + number}/plain/local:///{names[number % len(names)]}@jpg"
        for number in range(max(kept, len(names)))
    ]
    asyncio.run(drive(port, [get(path) for path in paths], connections=1))
    tags = [_headers(port, path)["etag"] for path in paths]
    return Traffic(names, tuple(zip(paths, tags, strict=True)))


def _headers(port: int, path: str) -> Message:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        headers: Message = answer.headers
    return headers
