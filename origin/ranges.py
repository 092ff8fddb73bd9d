"""Range requests: which bytes of a complete result a GET asks for (RFC 9110 section 14).

    bytes=0-99     the first hundred        206, or 416 if the result begins to end before `first`
    bytes=100-     all but those            206, or 416
    bytes=-50      the last fifty           206; `bytes=-0` is 416
    anything else  several ranges, other units, what breaks the grammar: 200 with everything,
                   which the section allows for every range and clients must expect

If-Range (13.1.5) makes the range depend on a strong validator. Only our entity tag is one. A date
never is: Last-Modified is the source's, and the results of other formats and of other engines,
with other bytes, have the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from origin.errors import RangeNotSatisfiable

MAX_CHARACTERS: Final = 256
_SINGLE: Final = re.compile(r"bytes=([0-9]*+)-([0-9]*+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Positions of bytes, both included, as HTTP counts them."""

    first: int
    last: int

    def __len__(self) -> int:
        return self.last - self.first + 1

    def cut(self, body: bytes) -> bytes:
        return body[self.first : self.last + 1]

    def field(self, size: int) -> str:
        """Content-Range of the 206."""
        return f"bytes {self.first}-{self.last}/{size}"


def requested_range(
    header: str | None, if_range: str | None, *, size: int, etag: str
) -> ByteRange | None:
    """What to answer with 206; None for 200 and everything. For GET only, after a 304 or 412.

    header, if_range: the fields Range and If-Range. size: of the complete result, in bytes.
    """
    if header is None or len(header) > MAX_CHARACTERS:
        return None
    if if_range is not None and not _is_current(if_range, etag):
        return None
    match = _SINGLE.fullmatch(header.strip(" \t"))
    if match is None:
        return None
    first, last = (int(digits) if digits else None for digits in match.groups())
    if first is None:
        return None if last is None else _last_bytes(last, size)
    if last is not None and last < first:
        return None
    if first >= size:
        raise _unsatisfiable(f"a range that begins before byte {size}", f"{first}-", size)
    return ByteRange(first, size - 1 if last is None else min(last, size - 1))


def unsatisfied_range(size: int) -> str:
    """Content-Range of a 416: what could have been asked for."""
    return f"bytes */{size}"


def _last_bytes(count: int, size: int) -> ByteRange | None:
    if count == 0:
        raise _unsatisfiable("a range of at least one byte", "-0", size)
    # Content-Range cannot say "nothing of nothing": an empty result is sent as a whole.
    return ByteRange(max(0, size - count), size - 1) if size else None


def _unsatisfiable(expected: str, got: str, size: int) -> RangeNotSatisfiable:
    return RangeNotSatisfiable(f"expected {expected}, got {got}", size=size)


def _is_current(if_range: str, etag: str) -> bool:
    """Strong comparison (8.8.3.2)."""
    return not etag.startswith("W/") and if_range.strip(" \t") == etag
