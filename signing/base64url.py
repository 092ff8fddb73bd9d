"""Strict unpadded base64url: every byte string has exactly one spelling.

Lenient decoders skip strange characters and ignore the last character's spare bits, so that many
URLs carry "the same" signature and each of them is a new entry in every cache on the way.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode

from signing.errors import MalformedSignature


def encode(raw: bytes) -> bytes:
    """The one spelling of `raw`."""
    return urlsafe_b64encode(raw).rstrip(b"=")


def decode(text: bytes) -> bytes:
    """The bytes that `text` is the one spelling of."""
    try:
        raw = urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except binascii.Error:
        raise MalformedSignature(_complaint(text)) from None
    if encode(raw) != text:
        raise MalformedSignature(_complaint(text))
    return raw


def _complaint(text: bytes) -> str:
    return f"expected unpadded base64url, got {_came(text)}"


def _came(text: bytes) -> str:
    if b"=" in text or b"%3d" in text.lower():
        return "padding (=)"
    if b"+" in text or b"/" in text:
        return "the standard alphabet (+ and / in place of - and _)"
    if not text.replace(b"-", b"A").replace(b"_", b"A").isalnum():
        return "a character outside A-Z a-z 0-9 - _"
    if len(text) % 4 == 1:
        return f"{len(text)} characters, a number that no encoder makes"
    return "a last character that no encoder writes there"
