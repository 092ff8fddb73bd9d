"""Say why a signed URL is refused: which check failed, and which mistake made it so.

Mistakes are recognised by making them: the signature is computed in all the wrong ways that people
compute it (`mistakes`), alone and combined, and what fits is what happened. For people at a command
line who hold the keys; a server must not tell a stranger any of this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from signing.errors import (
    MalformedSignature,
    MissingSignature,
    SignatureError,
    SignatureMismatch,
    WrongLength,
)
from signing.imgproxy import MIN_SIZE, ImgproxyScheme
from signing.keys import KeyPair
from signing.mistakes import Guess
from signing.mistakes.keying import COMPUTATIONS, pairings
from signing.mistakes.spelling import places, readings
from signing.mistakes.text import texts

_URL = re.compile(rb"\A(https?://[^/?#]*)?([^?#]*)(\?[^#]*)?", re.IGNORECASE)
_PLACEHOLDERS = (b"unsafe", b"insecure", b"_", b"plain")
_FEWEST_BYTES_TO_COMPARE = 6


class Finding(StrEnum):
    """Which check decided."""

    FINE = "fine"
    MISSING = "missing"
    MALFORMED = "malformed"
    WRONG_LENGTH = "wrong length"
    MISMATCH = "mismatch"


@dataclass(frozen=True)
class Diagnosis:
    """What was found; `path` is what was checked: the URL without its host and query.

    A fine one has the repaired `rest` that was signed and the index of the `pair` that signed it;
    any other has a `detail` and hints, the mistakes that together explain the signature or, if
    none do, where to look.
    """

    finding: Finding
    path: bytes
    rest: bytes = b""
    pair: int | None = None
    detail: str = ""
    hints: tuple[str, ...] = ()


FINDINGS: dict[type[SignatureError], Finding] = {
    MissingSignature: Finding.MISSING,
    MalformedSignature: Finding.MALFORMED,
    WrongLength: Finding.WRONG_LENGTH,
    SignatureMismatch: Finding.MISMATCH,
}


def diagnose(signed: bytes, pairs: tuple[KeyPair, ...]) -> Diagnosis:
    """Check a signed path or a whole URL as ImgproxyScheme does, and explain a refusal."""
    origin, path, query = _parts(signed)
    try:
        rest = ImgproxyScheme(pairs).verify(path)
    except SignatureError as error:
        hints = _explain(path, origin, query, pairs) or (_advice(error, path),)
        return Diagnosis(FINDINGS[type(error)], path, detail=str(error), hints=hints)
    return Diagnosis(Finding.FINE, path, rest, _signer(path, pairs))


def _parts(signed: bytes) -> tuple[bytes, bytes, bytes]:
    match = _URL.match(signed)
    origin, path, query = match.groups(b"") if match else (b"", signed, b"")
    return origin, path, query


def _signer(path: bytes, pairs: tuple[KeyPair, ...]) -> int:
    for index, pair in enumerate(pairs):
        try:
            ImgproxyScheme((pair,)).verify(path)
        except SignatureMismatch:
            continue
        return index
    raise ValueError("the path is signed by none of the pairs")


def _explain(
    path: bytes, origin: bytes, query: bytes, pairs: tuple[KeyPair, ...]
) -> tuple[str, ...]:
    """The fewest mistakes that together give this signature; none if nothing does."""
    found: tuple[str, ...] = ()
    for hints in _fitting(path, origin, query, pairs):
        if not found or len(hints) < len(found):
            found = hints
    return found


def _fitting(
    path: bytes, origin: bytes, query: bytes, pairs: tuple[KeyPair, ...]
) -> Iterator[tuple[str, ...]]:
    for place in places(path):
        candidates = [
            reading
            for reading in readings(place.value.signature)
            if len(reading.value) >= _FEWEST_BYTES_TO_COMPARE
        ]
        if not candidates:
            continue
        ways = product(texts(place.value.rest, origin, query), pairings(pairs), COMPUTATIONS)
        for text, pairing, computation in ways:
            digest = computation.value(pairing.value, text.value)
            for reading in candidates:
                if digest.startswith(reading.value):
                    yield (
                        *place.hints,
                        *_length_hint(reading),
                        *reading.hints,
                        *text.hints,
                        *pairing.hints,
                        *computation.hints,
                    )


def _length_hint(reading: Guess[bytes]) -> tuple[str, ...]:
    if len(reading.value) >= MIN_SIZE:
        return ()
    return (
        f"The signature was cut to {len(reading.value)} bytes: keep at least {MIN_SIZE} "
        "(imgproxy's IMGPROXY_SIGNATURE_SIZE), best all 32.",
    )


def _advice(error: SignatureError, path: bytes) -> str:
    """Where to look when no known mistake fits."""
    first = path[1:].partition(b"/")[0]
    if isinstance(error, MissingSignature) or first in _PLACEHOLDERS:
        return (
            "Nothing was signed: sign the part after the signature with `safelight sign PATH` "
            "and use what it prints. (Only a server with SAFELIGHT_UNSAFE=1 takes a placeholder.)"
        )
    return (
        "No known mistake explains this signature: the key or salt is another one, or the path "
        "was changed after signing. Compare it with what `safelight sign PATH` prints."
    )
