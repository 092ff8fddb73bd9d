"""How URLs write references to sources: base64url, chunked or not."""

from __future__ import annotations

import base64
import binascii

from transforms.errors import PlanError


def read_base64(text: str) -> str:
    """Base64url with or without padding, of UTF-8; trailing bits are not looked at."""
    try:
        data = base64.b64decode(
            text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True
        )
        return data.decode()
    except (binascii.Error, ValueError):
        raise PlanError(
            f'source: expected base64url of a UTF-8 reference, got "{text[:60]}"'
        ) from None


def write_base64(reference: str) -> str:
    return base64.urlsafe_b64encode(reference.encode()).rstrip(b"=").decode()
