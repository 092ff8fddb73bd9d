"""Where the bytes of pictures come from: one protocol, and the two values that cross it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from origin.picture_file import PictureFile


@dataclass(frozen=True, slots=True)
class Version:
    """The state of a source at one moment."""

    validator: str
    """Opaque; changes when the bytes change, and is equal on every node."""
    size: int | None
    """In bytes, as the store announces it."""
    modified: float | None
    """Seconds since the epoch, as the store announces it."""
    cache_control: str | None = field(default=None, compare=False)
    """What the store says about how long copies may be kept."""


@dataclass(frozen=True, slots=True)
class Blob:
    """The whole bytes of one version of a source."""

    version: Version
    file: PictureFile

    @property
    def data(self) -> bytes:
        """A copy of the bytes."""
        return self.file.read()


class Source(Protocol):
    """A place that keeps pictures under keys. All failures are `SourceError`s."""

    async def stat(self, key: str) -> Version:
        """The current version, without the bytes."""
        ...

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """All the bytes, of exactly `version` if one is given; otherwise `SourceChanged`.

        A source of more than `max_bytes` is refused when its length is announced, and once more
        while it is read, in case the announcement was wrong.
        """
        ...
