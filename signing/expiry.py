"""When a URL says that it ends: its `exp` or `expires` option, in Unix seconds."""

from __future__ import annotations

import re

_NAMES = (b"exp", b"expires")
_SECONDS = re.compile(rb"[+-]?[0-9]{1,19}")


def expires(rest: bytes) -> int | None:
    """The second after which a verified rest is no longer served, or None for never.

    Options are the segments up to the first one without a colon (`-` alone separates pipelines);
    the last one counts, and 0 or less means never. Raises ValueError for anything but a number.
    """
    seconds = 0
    for segment in rest.split(b"/")[1:]:
        name, colon, value = segment.partition(b":")
        if not colon and segment != b"-":
            break
        if name in _NAMES:
            if not _SECONDS.fullmatch(value):
                shown = value.decode("ascii", "backslashreplace")
                raise ValueError(f"expires: expected Unix seconds, got {shown!r}")
            seconds = int(value)
    return seconds if seconds > 0 else None
