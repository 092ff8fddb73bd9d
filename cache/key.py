"""Names of results: the same for the same pixels, another for any others.

A key is made of the plan's canonical text, the versions of every source that goes in, and the
engine's identity, so a result never goes stale and needs no invalidation. Signature, expiry, host
and the spelling of the URL are no part of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

_ETAG_BYTES = 18


def result_key(canonical: str, versions: Sequence[str], identity: str) -> bytes:
    """32 bytes. Fields are length-prefixed, so that no two lists of them read alike."""
    digest = hashlib.sha256()
    for field in (identity, canonical, *versions):
        data = field.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def etag(key: bytes) -> str:
    """The strong validator of a result, quotes included."""
    return f'"{base64.urlsafe_b64encode(key[:_ETAG_BYTES]).decode()}"'
