"""imgproxy's signatures, byte for byte, and the stand-in for a server without keys.

    signature = base64url(HMAC-SHA256(key, salt + rest)[:size])         no padding

`rest` is the repaired raw path after the signature, with its leading slash. imgproxy lets operators
cut signatures to a single byte; fewer than 16 bytes are refused here.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from signing.base64url import decode, encode
from signing.errors import SignatureMismatch, WrongLength
from signing.keys import KeyPair
from signing.repair import repair
from signing.scheme import split, unsigned

MIN_SIZE = 16
MAX_SIZE = 32


@dataclass(frozen=True)
class ImgproxyScheme:
    """The first pair signs, all verify; `size` is the number of bytes that `sign` keeps."""

    pairs: tuple[KeyPair, ...]
    size: int = MAX_SIZE

    def __post_init__(self) -> None:
        if not self.pairs:
            raise ValueError("pairs: expected at least one key pair, got none")
        if not MIN_SIZE <= self.size <= MAX_SIZE:
            raise ValueError(f"size: {self.size} is not in {MIN_SIZE}..{MAX_SIZE}")

    def verify(self, signed: bytes) -> bytes:
        """The repaired rest of a path that any pair signed; raises SignatureError."""
        signature, rest = split(signed)
        given = decode(signature)
        if not MIN_SIZE <= len(given) <= MAX_SIZE:
            raise WrongLength(f"expected {MIN_SIZE} to {MAX_SIZE} bytes, got {len(given)}")
        rest = repair(rest)
        # A list, not a generator: every pair is tried whichever matches, so time says nothing.
        matches = [hmac.compare_digest(mac(pair, rest)[: len(given)], given) for pair in self.pairs]
        if not any(matches):
            raise SignatureMismatch("made with another key or for another path")
        return rest

    def sign(self, rest: bytes) -> bytes:
        """The signed path, its rest repaired so that what is signed is what is sent."""
        rest = repair(unsigned(rest))
        return b"/" + encode(mac(self.pairs[0], rest)[: self.size]) + rest


@dataclass(frozen=True)
class AnySignature:
    """For tests and private networks: any first segment passes, as imgproxy does without keys."""

    def verify(self, signed: bytes) -> bytes:
        """The repaired rest; raises MissingSignature if an option stands where a signature goes."""
        _, rest = split(signed)
        return repair(rest)

    def sign(self, rest: bytes) -> bytes:
        """The path behind the conventional placeholder."""
        return b"/unsafe" + repair(unsigned(rest))


def mac(pair: KeyPair, rest: bytes) -> bytes:
    """The whole HMAC of a repaired rest."""
    return hmac.digest(pair.key, pair.salt + rest, "sha256")
