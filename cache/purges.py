"""Generations: when what was known of a source, a prefix or a tag was last declared old.

A generation goes into the names of results, so a purge makes every older result of the source
unreachable in every tier at once, however many there are. Memory is bounded, and nothing that was
purged ever comes back: what is too much is remembered more coarsely, which also covers a few
innocent sources. They are rendered once more.

    sources    by a hash of 64 bits; the older half by its last 16 bits only
    prefixes   by name; the older half as one purge of everything, ""
    tags       by name; the older half as one purge of whatever has a tag, ""

A purge of hashed sources has "#" and 16 or 4 hexadecimal digits for a name. No reference begins
with "#": they have a scheme.
"""

from __future__ import annotations

import hashlib
import logging
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Literal, TypeVar

Scope = Literal["source", "prefix", "tag"]

_Name = TypeVar("_Name", int, str)

_LAST_BITS = 0xFFFF
_HASHED = re.compile(r"#(?:[0-9a-f]{16}|[0-9a-f]{4})")
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Purge:
    """at: Unix milliseconds. The prefix "" is every source, the tag "" everything with a tag."""

    scope: Scope
    name: str
    at: int


class Purges:
    """The latest purge of each source, prefix and tag.

    version: grows with every purge that was news.
    """

    def __init__(
        self, *, most_sources: int = 65_536, most_prefixes: int = 1_000, most_tags: int = 1_000
    ) -> None:
        self.version = 0
        self._most = {"source": most_sources, "prefix": most_prefixes, "tag": most_tags}
        self._sources: dict[int, int] = {}
        self._buckets: dict[int, int] = {}
        self._prefixes: dict[str, int] = {}
        self._lengths: tuple[int, ...] = ()
        self._tags: dict[str, int] = {}
        self._latest = 0

    def apply(self, purge: Purge) -> bool:
        """True if it was news: something has a later generation than before."""
        match purge.scope:
            case "source":
                news = self._apply_source(purge.name, purge.at)
            case "prefix":
                news = self._apply_prefix(purge.name, purge.at)
            case "tag":
                news = self._apply_tag(purge.name, purge.at)
        self.version += news
        self._latest = max(self._latest, purge.at)
        return news

    def next_at(self, now: float) -> int:
        """A time for a new purge: later than all that are known, even those of a fast clock."""
        # Rounded up: a look in the same millisecond began before.
        return max(math.ceil(now * 1000), self._latest + 1)

    def of_source(self, reference: str) -> int:
        """The latest purge that covers the source; 0: it never was purged."""
        if not self.version:
            return 0
        at = self._of_prefixes(reference)
        if self._sources or self._buckets:
            number = _number(reference)
            exact, bucket = self._sources.get(number, 0), self._buckets.get(number & _LAST_BITS, 0)
            at = max(at, exact, bucket)
        return at

    def of_tags(self, tags: Iterable[str]) -> int:
        """The latest purge that covers any of the tags; 0: none of them ever was purged."""
        if not self._tags:
            return 0
        every = self._tags.get("", 0)
        return max((max(every, self._tags.get(tag, 0)) for tag in tags), default=0)

    def all(self) -> Iterator[Purge]:
        """Purges that, applied to an empty object, make it know what this one knows."""
        for number, at in self._sources.items():
            yield Purge("source", f"#{number:016x}", at)
        for bucket, at in self._buckets.items():
            yield Purge("source", f"#{bucket:04x}", at)
        for prefix, at in self._prefixes.items():
            yield Purge("prefix", prefix, at)
        for tag, at in self._tags.items():
            yield Purge("tag", tag, at)

    def _apply_source(self, name: str, at: int) -> bool:
        if _HASHED.fullmatch(name):
            number = int(name[1:], 16)
            if len(name) == 5:
                return _raise(self._buckets, number, at)
        elif self.of_source(name) >= at:
            return False
        else:
            number = _number(name)
        if self._buckets.get(number & _LAST_BITS, 0) >= at or not _raise(self._sources, number, at):
            return False
        if len(self._sources) > self._most["source"]:
            for number, old in _older_half(self._sources):
                _raise(self._buckets, number & _LAST_BITS, old)
                del self._sources[number]
        return True

    def _apply_prefix(self, name: str, at: int) -> bool:
        if self._of_prefixes(name) >= at:
            return False
        self._prefixes[name] = at
        if len(self._prefixes) > self._most["prefix"]:
            logger.warning(
                "%d prefixes are purged: the older half now covers all", len(self._prefixes)
            )
            self._prefixes = _folded(self._prefixes)
        self._lengths = tuple({len(prefix) for prefix in self._prefixes})
        return True

    def _apply_tag(self, name: str, at: int) -> bool:
        if self._tags.get("", 0) >= at or not _raise(self._tags, name, at):
            return False
        if len(self._tags) > self._most["tag"]:
            logger.warning("%d tags are purged: the older half now covers all", len(self._tags))
            self._tags = _folded(self._tags)
        return True

    def _of_prefixes(self, reference: str) -> int:
        # By length: prefixes are many, their lengths few.
        at = 0
        for length in self._lengths:
            found = self._prefixes.get(reference[:length], 0)
            if found > at:
                at = found
        return at


def _number(reference: str) -> int:
    data = reference.encode(errors="surrogatepass")
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def _raise(known: dict[_Name, int], name: _Name, at: int) -> bool:
    """Whether the time is later than the one that was known."""
    if known.get(name, 0) >= at:
        return False
    known[name] = at
    return True


def _older_half(known: dict[_Name, int]) -> list[tuple[_Name, int]]:
    """Half of them at once, so that this is rare."""
    return sorted(known.items(), key=itemgetter(1))[: (len(known) + 1) // 2]


def _folded(known: dict[str, int]) -> dict[str, int]:
    """The older half as the one name that covers all; what it covers need not be kept."""
    floor = max(at for _, at in _older_half(known))
    return {"": floor} | {name: at for name, at in known.items() if at > floor}
