"""What an object store and its buckets may be called. Apart from the client, which takes half a
second to import: a server that has no buckets needs it for nothing.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_BUCKET = re.compile(r"[A-Za-z0-9._-]{3,63}")


def check_endpoint(endpoint: str | None) -> str | None:
    """The endpoint as given; `ValueError` if a client could not be opened on it."""
    if not endpoint:
        return None
    try:
        parts = urlsplit(endpoint)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError(
            "SAFELIGHT_S3_ENDPOINT: expected a URL with its scheme, such as "
            f"https://minio.example:9000, got {endpoint!r}"
        )
    return endpoint


def check_buckets(buckets: tuple[str, ...]) -> tuple[str, ...]:
    """The names as given; `ValueError` if one is not the plain name of a bucket."""
    for name in buckets:
        if _BUCKET.fullmatch(name) is None:
            raise ValueError(
                f"SAFELIGHT_S3_BUCKETS: expected bare bucket names such as photos, got {name!r}"
            )
    return buckets
