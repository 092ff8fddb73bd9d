"""How long caches may keep an answer: Cache-Control and CDN-Cache-Control (RFC 9111, 5861, 9213).

    good answer   public, max-age=N[, stale-while-revalidate=N][, stale-if-error=N]
    no lifetime   no-cache                       ; kept, but asked about every time
    error         no-store / public, max-age=N   ; N <= 60

Never `s-maxage`: it forbids a shared cache to serve stale (RFC 9111 section 5.2.2.10), which would
take back both of the other windows. Header names are in lower case, as ASGI sends them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from email.utils import formatdate
from typing import Final

MAX_ERROR_AGE: Final = 60
MAX_DELTA: Final = 2**31 - 1  # RFC 9111 section 1.2.2: what every cache can count to
_LAST_SECOND: Final = 253402300799  # of the year 9999, the last that an HTTP date can write


@dataclass(frozen=True, slots=True)
class Freshness:
    """Seconds: fresh for `max_age`, then stale but servable for each window counted from there."""

    max_age: int
    stale_while_revalidate: int = 0
    stale_if_error: int = 0


def fresh_for(
    ttl: int,
    *,
    expires: int | None,
    now: float,
    stale_while_revalidate: int = 0,
    stale_if_error: int = 0,
) -> Freshness:
    """The configured lifetime, cut so that no cache serves the picture after its URL expired.

    `expires` and `now` are seconds since the epoch. The stale windows begin where the lifetime
    ends, so each gets at most what is left between there and the expiry.
    """
    left = MAX_DELTA if expires is None else math.floor(expires - now)
    max_age = _clamp(ttl, left)
    room = MAX_DELTA if expires is None else left - max_age
    return Freshness(max_age, _clamp(stale_while_revalidate, room), _clamp(stale_if_error, room))


def cache_control(freshness: Freshness) -> str:
    """The field for browsers and every cache; without a lifetime the windows go as well."""
    if freshness.max_age <= 0:
        return "no-cache"
    directives = ["public", f"max-age={freshness.max_age}"]
    if freshness.stale_while_revalidate > 0:
        directives.append(f"stale-while-revalidate={freshness.stale_while_revalidate}")
    if freshness.stale_if_error > 0:
        directives.append(f"stale-if-error={freshness.stale_if_error}")
    return ", ".join(directives)


def cdn_cache_control(freshness: Freshness) -> str:
    """The field that a CDN obeys in place of Cache-Control (RFC 9213 section 2.1).

    It is a Structured Fields dictionary, and a malformed one is ignored as a whole: bare keys and
    integers, as `cache_control` writes them, are valid in both grammars.
    """
    return cache_control(freshness)


def freshness_headers(freshness: Freshness) -> dict[str, str]:
    """For every 200 and its 304 (RFC 9110 section 15.4.5 wants them repeated)."""
    return {
        "cache-control": cache_control(freshness),
        "cdn-cache-control": cdn_cache_control(freshness),
    }


def error_headers(max_age: int = 0) -> dict[str, str]:
    """For every error: not stored, or a short memory that keeps a broken link off the origin.

    The limit is held here, not where errors are listed: nginx and Varnish cache any status that
    carries a lifetime, and a 504 kept for a year is an outage of a year.
    """
    age = _clamp(max_age, MAX_ERROR_AGE)
    value = f"public, max-age={age}" if age else "no-store"
    return {"cache-control": value, "cdn-cache-control": value}


def http_date(epoch: float) -> str:
    """IMF-fixdate (RFC 9110 section 5.6.7), in English whatever the locale, in whole seconds.

    Rounded down, so that Last-Modified never lies after the change; years outside 1970..9999,
    which a strange file time can hold, become the nearest date that can be written.
    """
    return formatdate(math.floor(min(max(0.0, epoch), _LAST_SECOND)), usegmt=True)


def _clamp(seconds: int, most: int) -> int:
    return max(0, min(seconds, most, MAX_DELTA))
