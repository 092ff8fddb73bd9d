"""Where results are kept in an object store, as the setting says it."""

from __future__ import annotations

import re

SETTING = "SAFELIGHT_CACHE_RESULTS"

_LOCATION = re.compile(r"s3://(?P<bucket>[A-Za-z0-9._-]{3,63})(?:/+|$)(?P<prefix>[A-Za-z0-9._/-]*)")


def parse_location(location: str) -> tuple[str, str]:
    """Bucket and prefix of `s3://bucket/prefix`; the prefix may be missing."""
    match = _LOCATION.fullmatch(location)
    if match is None or {".", ".."} & set(match["prefix"].split("/")) or "//" in match["prefix"]:
        raise ValueError(f"{SETTING}: expected s3://bucket/prefix, got {location!r}")
    return match["bucket"], match["prefix"].rstrip("/")
