"""How URLs write references to sources: base64url, chunked or not."""

from __future__ import annotations

import base64
import re

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


def read_base64(text: str) -> str:
    """Base64url with or without padding, of UTF-8; ValueError says what is wrong.

    Trailing bits are not looked at.
    """
    text = text.rstrip("=")
    if not _BASE64URL.fullmatch(text):
        raise ValueError("not base64url")
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
    except ValueError:
        raise ValueError("not base64url of UTF-8 text") from None


def write_base64(reference: str) -> str:
    return base64.urlsafe_b64encode(reference.encode()).rstrip(b"=").decode()
