"""The directories inside an EXIF block: read without trust, write without slack.

    header        "II*\\0" or "MM\\0*", offset of the first directory
    directory     count, count * (tag, kind, number of values, value or its offset), next directory

Nothing here raises for what a stranger wrote: what lies outside the block is absent. Directories
are never followed by themselves (callers name the offset), so there is no loop to fall into.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

PREFIX = b"Exif\0\0"
HEADER = 8
BYTE, ASCII, SHORT, LONG, UNDEFINED = 1, 2, 3, 4, 7

# Bytes per value of each kind. 129 is UTF-8 text (EXIF 3.0). 13, an offset, is left out: what it
# points to would be carried along unread.
_WIDTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 129: 1}
_INLINE = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """One tag with the bytes of its value, in the byte order of the block it came from."""

    tag: int
    kind: int
    count: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """A TIFF structure whose header was understood; `order` is a struct prefix."""

    data: bytes
    order: str

    def number(self, value: bytes) -> int:
        """The unsigned integer that these 1, 2 or 4 bytes mean here."""
        return int.from_bytes(value, "little" if self.order == "<" else "big")


def opened(blob: bytes) -> Block | None:
    """The block behind an optional "Exif" prefix, or None if it is no TIFF structure."""
    data = blob.removeprefix(PREFIX)
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    return Block(data, order) if order and len(data) >= HEADER else None


def first(block: Block) -> tuple[Entry, ...]:
    """The entries of the first directory (IFD0)."""
    return entries(block, block.number(block.data[4:HEADER]))


def entries(block: Block, offset: int) -> tuple[Entry, ...]:
    """The readable entries of the directory at an offset, each tag once; none if it is cut."""
    data = block.data
    if not HEADER <= offset <= len(data) - 2:
        return ()
    (count,) = struct.unpack_from(block.order + "H", data, offset)
    if offset + 2 + 12 * count > len(data):
        return ()
    found: dict[int, Entry] = {}
    total = 0
    for at in range(offset + 2, offset + 2 + 12 * count, 12):
        entry = _entry(block, at)
        if entry is None or entry.tag in found:
            continue
        # Honest values do not overlap; thousands of entries on the same bytes would multiply them.
        total += len(entry.value)
        if total > len(data):
            return ()
        found[entry.tag] = entry
    return tuple(found.values())


def _entry(block: Block, at: int) -> Entry | None:
    tag, kind, count = struct.unpack_from(block.order + "HHI", block.data, at)
    size = _WIDTHS.get(kind, 0) * count
    if not size:
        return None
    start = at + 8 if size <= _INLINE else block.number(block.data[at + 8 : at + 12])
    if start + size > len(block.data):
        return None
    return Entry(tag, kind, count, block.data[start : start + size])


def size_of(directory: Sequence[Entry]) -> int:
    """Bytes that a directory takes once written, its values included."""
    return 2 + 12 * len(directory) + 4 + sum(_padded(len(e.value)) for e in directory)


def written(order: str, directories: Sequence[Sequence[Entry]]) -> bytes:
    """A whole EXIF block, prefix included, of directories laid out one after the other.

    The first is IFD0; references to later ones are offsets that callers work out with `size_of`.
    """
    mark = b"II*\0" if order == "<" else b"MM\0*"
    parts = [PREFIX, mark, struct.pack(order + "I", HEADER)]
    at = HEADER
    for directory in directories:
        parts.append(_directory(order, directory, at))
        at += len(parts[-1])
    return b"".join(parts)


def _directory(order: str, directory: Sequence[Entry], at: int) -> bytes:
    rows, values = [struct.pack(order + "H", len(directory))], []
    heap = at + 2 + 12 * len(directory) + 4
    for entry in sorted(directory, key=lambda e: e.tag):
        rows.append(struct.pack(order + "HHI", entry.tag, entry.kind, entry.count))
        if len(entry.value) <= _INLINE:
            rows.append(entry.value.ljust(_INLINE, b"\0"))
        else:
            rows.append(struct.pack(order + "I", heap))
            values.append(entry.value.ljust(_padded(len(entry.value)), b"\0"))
            heap += len(values[-1])
    return b"".join([*rows, b"\0\0\0\0", *values])


def _padded(size: int) -> int:
    return 0 if size <= _INLINE else size + size % 2
