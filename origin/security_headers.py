"""The headers of every answer, good or bad, that say what a page may do with it.

Setting of the allowed origins (RFC 6454 section 6.2: scheme, host, port):

    *                               any page may read our pixels; the default
    https://a.example               one page; a constant answer, so caches need no Vary
    https://a.example, https://b…   those pages; the matching one is named, with Vary: Origin
    (empty)                         no CORS at all

There are no cookies and no credentials, so a `*` of the Fetch standard means what it says.
Header names are in lower case, as ASGI sends them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

METHODS: Final = "GET, HEAD, OPTIONS"
PREFLIGHT_SECONDS: Final = 86400

# An SVG is a document: opened by itself it could run scripts in our origin. `default-src 'none'`
# and `sandbox` forbid that, and leave the styles and embedded pictures that SVGs are made of.
SECURITY_HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "x-content-type-options": "nosniff",
        "content-security-policy": (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        ),
        "cross-origin-resource-policy": "cross-origin",
    }
)


def cors_headers(setting: str, origin: str | None) -> dict[str, str]:
    """For answers to GET and HEAD, errors and 304 included; `origin` is the request's `Origin`.

    With several allowed origins every answer varies, also the one to a request without `Origin`:
    kept by a cache, it would otherwise be served to the pages that need the header.
    """
    allowed = _allowed_origins(setting)
    if not allowed:
        return {}
    if "*" in allowed:
        return _readable_by("*")
    if len(allowed) == 1:
        return _readable_by(allowed[0])
    asking = (origin or "").lower()
    return {**(_readable_by(asking) if asking in allowed else {}), "vary": "Origin"}


def preflight_headers(setting: str, origin: str | None) -> dict[str, str]:
    """For OPTIONS. Reads are preflighted only for their headers, and none of those can do harm."""
    headers = {"allow": METHODS, **cors_headers(setting, origin)}
    if "access-control-allow-origin" in headers:
        headers["access-control-allow-methods"] = METHODS
        headers["access-control-allow-headers"] = "*"
        headers["access-control-max-age"] = str(PREFLIGHT_SECONDS)
    return headers


def combine_headers(*parts: Mapping[str, str]) -> dict[str, str]:
    """One answer's headers from several sources: `vary` adds up, of any other name the last counts.

    Plain dict union would lose `Vary: Accept` to `Vary: Origin`, and one visitor's format would
    become everybody's.
    """
    combined: dict[str, str] = {}
    varies: dict[str, str] = {}
    for part in parts:
        for name, value in part.items():
            if name.lower() != "vary":
                combined[name.lower()] = value
                continue
            fields = (field.strip() for field in value.split(","))
            varies |= {field.lower(): field for field in fields if field}
    return combined | ({"vary": ", ".join(varies.values())} if varies else {})


def _readable_by(origin: str) -> dict[str, str]:
    """A page that may read the pixels may also read our own headers and the timings."""
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "*",
        "timing-allow-origin": origin,
    }


def _allowed_origins(setting: str) -> tuple[str, ...]:
    """Browsers write origins in lower case and without a slash; people do not always."""
    entries = (entry.strip().rstrip("/").lower() for entry in setting.split(","))
    return tuple(dict.fromkeys(entry for entry in entries if entry))
