"""Names of results: the same for the same pixels, another for any others.

    <source>/<result>     32 and 64 hexadecimal digits

A result's name is made of the plan's canonical text, the versions of every source that goes in,
and the engine's identity, so a result never goes stale and needs no invalidation. Signature,
expiry, host and the spelling of the URL are no part of it. The source comes first, so that all
results of one picture lie together.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence

_ETAG_BYTES = 18
_SOURCE_BYTES = 16


def result_key(source: str, canonical: str, versions: Sequence[str], identity: str) -> str:
    """`source` is the reference. Fields are length-prefixed: no two lists of them read alike."""
    digest = hashlib.sha256()
    for field in (identity, canonical, *versions):
        data = field.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return f"{source_name(source)}/{digest.hexdigest()}"


def source_name(source: str) -> str:
    """What all results of the source are filed under."""
    return hashlib.blake2b(source.encode(), digest_size=_SOURCE_BYTES).hexdigest()


def etag(key: str) -> str:
    """The strong validator of a result, quotes included."""
    digest = bytes.fromhex(key.rpartition("/")[2])[:_ETAG_BYTES]
    return f'"{base64.urlsafe_b64encode(digest).decode()}"'
