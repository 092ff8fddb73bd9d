"""What a mount asks of its signatures, and the shape all signed paths share: `/<signature>/<rest>`.

Paths are the RAW bytes of the request, still percent-encoded and without the query. `rest` always
has its leading slash.
"""

from __future__ import annotations

from typing import Protocol

from signing.errors import MissingSignature


class Scheme(Protocol):
    """One way to sign paths."""

    def verify(self, signed: bytes) -> bytes:
        """The rest of a signed path, repaired; raises SignatureError."""

    def sign(self, rest: bytes) -> bytes:
        """The signed path that `verify` takes back to the repaired `rest`."""


def split(signed: bytes) -> tuple[bytes, bytes]:
    """The signature segment and the rest; raises MissingSignature."""
    if not signed.startswith(b"/"):
        raise MissingSignature("expected /<signature>/<rest>, got a path without a leading slash")
    signature, slash, rest = signed[1:].partition(b"/")
    if not signature:
        raise MissingSignature("expected /<signature>/<rest>, got an empty first segment")
    if b":" in signature or b"%3a" in signature.lower():
        raise MissingSignature(
            "the signature segment seems to be missing: an option stands in its place"
        )
    if not rest:
        raise MissingSignature("expected /<signature>/<rest>, got nothing after the first segment")
    return signature, slash + rest


def unsigned(rest: bytes) -> bytes:
    """`rest` itself if it can be signed; raises ValueError."""
    if len(rest) < 2 or not rest.startswith(b"/"):
        raise ValueError(f"expected a path that begins with a slash and goes on, got {rest!r}")
    return rest
