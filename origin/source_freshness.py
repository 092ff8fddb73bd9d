"""How long a source says its copies stay fresh: its Cache-Control (RFC 9111 section 5.2.2).

max-age=60                   60
max-age=60, s-maxage=600     60     ; one lifetime goes to browsers and CDNs: the shorter
max-age="60", Max-Age=30     30     ; twice: the shorter (4.2.1 allows the first, or 0)
no-store, no-cache, private  0      ; with field names too: no copy is promised fresh
max-age=soon                 0      ; 4.2.1: what cannot be read is stale
max-age=99999999999          2^31-1
public, or nothing           nothing is said
"""

from __future__ import annotations

import re
from typing import Final

from origin.freshness import MAX_DELTA

MAX_CHARACTERS: Final = 4096

_NEVER: Final = frozenset({"no-store", "no-cache", "private"})
_LIFETIMES: Final = frozenset({"max-age", "s-maxage"})

# A quoted value may hold commas, so the list is not split at them; junk is skipped to the next.
_DIRECTIVE: Final = re.compile(
    r'[ \t]*+(?P<name>[^\s=,"]++)[ \t]*+'
    r'(?:=[ \t]*+(?:"(?P<quoted>[^"]*+)"|(?P<bare>[^",]*+)))?[ \t]*+(?:,|\Z)|[^,]*+(?:,|\Z)'
)
_DIGITS: Final = re.compile(r"[0-9]++")


def source_ttl(cache_control: str | None) -> int | None:
    """Seconds, at most MAX_DELTA; None if the source says nothing of a lifetime."""
    if cache_control is None:
        return None
    if len(cache_control) > MAX_CHARACTERS:
        return 0
    return min(
        (
            _seconds(match["quoted"] or match["bare"] or "") if name in _LIFETIMES else 0
            for match in _DIRECTIVE.finditer(cache_control)
            if (name := (match["name"] or "").lower()) in _NEVER | _LIFETIMES
        ),
        default=None,
    )


def passed_through(
    cache_control: str | None, *, default: int, floor: int | None, ceiling: int | None
) -> int:
    """Seconds of max-age: the source's lifetime, or the default, within floor and ceiling.

    The bounds hold for the default as well: a ceiling is a promise about every answer. Where they
    contradict each other, which only two policies can bring about, the floor wins.
    """
    said = source_ttl(cache_control)
    seconds = default if said is None else said
    if ceiling is not None:
        seconds = min(seconds, ceiling)
    return seconds if floor is None else max(seconds, floor)


def _seconds(text: str) -> int:
    """0 for what is no number of seconds."""
    digits = text.strip(" \t")
    if _DIGITS.fullmatch(digits) is None:
        return 0
    significant = digits.lstrip("0")
    return MAX_DELTA if len(significant) > 10 else min(int(significant or "0"), MAX_DELTA)
