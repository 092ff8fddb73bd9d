"""What of a URL no log and no trace may tell: our signatures, and secrets in the query of a source.

A source that is written in base64 is shown as it is: what its query holds can be decoded by whoever
reads the log.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

# A signature that came in another place than the first.
_MISPLACED = re.compile(rb"/[A-Za-z0-9_-]{43}(?=/)")
# Presigned URLs of S3, Google and Azure, tokens of CDNs; the URL may be percent-encoded in ours.
_SECRET = re.compile(
    r"((?:[?&;]|%3F|%26)"
    r"(?:[\w.-]*(?:signature|credential|token|secret|passw(?:or)?d|api[_-]?key)|sig|key|auth|hmac)"
    r"(?:=|%3D))"
    r"(?:(?!&|%26)[^\s\"'])+",
    re.IGNORECASE,
)


def redacted(raw_path: bytes) -> str:
    """The path without its signature, which is as good as a key for this picture."""
    _, _, rest = raw_path[1:].partition(b"/")
    if not rest:
        return raw_path[:200].decode("latin-1")
    shown = _MISPLACED.sub(b"/...", b"/" + rest[:2000])[1:].decode("latin-1")
    return "/…/" + without_secrets(shown)


def without_secrets(text: str) -> str:
    """Names of parameters stay, for who looks for what was wrong with them."""
    return _SECRET.sub(r"\1...", text)


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> dict[str, Any]:
    """A processor of structlog: whatever quotes a URL."""
    return {
        name: without_secrets(value) if isinstance(value, str) else value
        for name, value in event.items()
    }
