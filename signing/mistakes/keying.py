"""The keys and salts that may have been used, and the computations."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from itertools import permutations, product

from signing.keys import KeyPair
from signing.mistakes import Guess

Computation = Callable[[KeyPair, bytes], bytes]

_SWAPPED = "Key and salt are swapped: the key is the HMAC's key, the salt goes before the path."
_NO_SALT = "The salt was forgotten: the signed text is the salt, then the path."
_AS_TEXT = "The hex digits of the {} were used as text: decode them from hex to bytes first."
_MIXED_UP = "Pairs are mixed up: key [{0}] goes with salt [{0}], not with salt [{1}]."


def pairings(pairs: tuple[KeyPair, ...]) -> Iterator[Guess[KeyPair]]:
    """The keys and salts that may have been used."""
    yield from map(Guess, pairs)
    for pair in pairs:
        yield from _misread(pair)
    for i, j in permutations(range(len(pairs)), 2):
        yield Guess(KeyPair(pairs[i].key, pairs[j].salt), (_MIXED_UP.format(i, j),))


def _misread(pair: KeyPair) -> Iterator[Guess[KeyPair]]:
    for (key, key_hints), (salt, salt_hints) in product(
        _readings(pair.key, "key"), _readings(pair.salt, "salt")
    ):
        hints = (*key_hints, *salt_hints)
        yield Guess(KeyPair(key, salt), hints)
        yield Guess(KeyPair(salt, key), (_SWAPPED, *hints))
    for key, key_hints in _readings(pair.key, "key"):
        yield Guess(KeyPair(key, b""), (_NO_SALT, *key_hints))


def _readings(raw: bytes, name: str) -> tuple[tuple[bytes, tuple[str, ...]], ...]:
    digits, hints = raw.hex().encode(), (_AS_TEXT.format(name),)
    return (raw, ()), (digits, hints), (digits.upper(), hints)


def _hmac(name: str) -> Computation:
    return lambda pair, text: hmac.digest(pair.key, pair.salt + text, name)


def _hmac_salt_last(pair: KeyPair, text: bytes) -> bytes:
    return hmac.digest(pair.key, text + pair.salt, "sha256")


def _hash_only(pair: KeyPair, text: bytes) -> bytes:
    return hashlib.sha256(pair.key + pair.salt + text).digest()


COMPUTATIONS: tuple[Guess[Computation], ...] = (
    Guess(_hmac("sha256")),
    Guess(_hmac_salt_last, ("The salt stands after the path: it goes before it.",)),
    Guess(_hash_only, ("A plain SHA-256 hash was made: use HMAC-SHA256.",)),
    *(
        Guess(_hmac(name), (f"HMAC-{name.upper()} was used: use HMAC-SHA256.",))
        for name in ("sha1", "md5", "sha384", "sha512")
    ),
)
