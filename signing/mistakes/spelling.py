"""Where a signature may stand in a path, and the bytes that it may stand for."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from signing.base64url import encode
from signing.mistakes import Guess

_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){16,64}")
_BASE64_WITH_SLASHES = re.compile(rb"[A-Za-z0-9+/]{22,86}(=|%3[Dd]){0,2}")


@dataclass(frozen=True)
class Place:
    """A signature and the rest behind it."""

    signature: bytes
    rest: bytes


def places(path: bytes) -> Iterator[Guess[Place]]:
    """Where in the path the signature may stand."""
    segments = path.split(b"/")[1:]
    for skipped, taken in ((0, 1), (0, 2), (0, 3), (0, 4), (1, 1), (2, 1)):
        if len(segments) <= skipped + taken:
            continue
        signature = b"/".join(segments[skipped : skipped + taken])
        place = Place(signature, b"/" + b"/".join(segments[skipped + taken :]))
        if skipped:
            prefix = _shown(b"/" + b"/".join(segments[:skipped]))
            yield Guess(
                place,
                (
                    f"{prefix} stands before the signature: the signature must be the first "
                    "segment that the server sees, so let the proxy strip this prefix.",
                ),
            )
        elif taken == 1 or _BASE64_WITH_SLASHES.fullmatch(signature):
            yield Guess(place)  # a slash in a signature has its hint in `readings`


def readings(signature: bytes) -> Iterator[Guess[bytes]]:
    """The bytes that a signature segment may stand for."""
    text = unquote_to_bytes(signature)
    if _HEX.fullmatch(text):
        yield Guess(
            bytes.fromhex(text.decode()),
            ("The signature is written in hex: write the HMAC's raw bytes in base64url.",),
        )
    body, hints = text.rstrip(b"="), []
    if body != text:
        hints.append("Padding was left on the signature: strip the trailing '='.")
    if b"+" in body or b"/" in body:
        hints.append(
            "The standard base64 alphabet was used: write the signature with '-' for '+' and "
            "'_' for '/' (base64url)."
        )
    raw = _lenient(body)
    if not hints and encode(raw) != signature:
        hints.append(
            "The signature was cut or altered in its last characters: copy all of it, and if it "
            "is to be shorter, cut the HMAC's bytes before encoding them."
        )
    if _HEX.fullmatch(raw):
        yield Guess(
            bytes.fromhex(raw.decode()),
            (
                "The HMAC's hex digits were base64-encoded: encode its raw bytes (in PHP "
                "hash_hmac(…, true), in Node digest() without 'hex').",
                *hints,
            ),
        )
    yield Guess(raw, tuple(hints))


def _lenient(body: bytes) -> bytes:
    """Whatever base64 bytes can be made of `body`; empty if none."""
    body = body.replace(b"+", b"-").replace(b"/", b"_")
    if len(body) % 4 == 1:
        body = body[:-1]
    try:
        return urlsafe_b64decode(body + b"=" * (-len(body) % 4))
    except binascii.Error:
        return b""


def _shown(path: bytes) -> str:
    return path.decode("ascii", "backslashreplace")
