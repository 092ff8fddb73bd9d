"""One result as the tiers keep it, and the frame of bytes in which it travels.

    body     the picture
    facts    JSON: everything else of the entry, and the key it was put under
    digest   16 bytes of BLAKE2b over body and facts
    lengths  8 bytes of the body, 4 of the facts, big endian
    magic    4 bytes

The picture comes first, so that a file or an object opens in a viewer as what it is. The digest
proves that a read is whole, and the key that it is the one that was asked for.
"""

from __future__ import annotations

import hashlib
import json
import struct
from dataclasses import dataclass

from cache.errors import CorruptEntry

MAGIC = b"SL1\n"
_LENGTHS = struct.Struct(">QI4s")
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class Entry:
    """created: Unix seconds. chosen: "source" if the body is the source's own bytes."""

    body: bytes
    media_type: str
    extension: str
    width: int
    height: int
    frames: int
    source_width: int
    source_height: int
    chosen: str
    created: float


_FACTS: dict[str, type] = {
    "media_type": str,
    "extension": str,
    "width": int,
    "height": int,
    "frames": int,
    "source_width": int,
    "source_height": int,
    "chosen": str,
    "created": float,
}


def pack(key: str, entry: Entry) -> bytes:
    """The frame of an entry."""
    facts = json.dumps({"key": key, **{name: getattr(entry, name) for name in _FACTS}}).encode()
    lengths = _LENGTHS.pack(len(entry.body), len(facts), MAGIC)
    return b"".join((entry.body, facts, _digest(entry.body, facts), lengths))


def unpack(key: str, frame: bytes) -> Entry:
    """The entry that was put under `key`; CorruptEntry if the frame holds anything else."""
    if len(frame) < _LENGTHS.size + _DIGEST_BYTES:
        raise CorruptEntry(f"{key}: expected a frame, got {len(frame)} bytes")
    body_bytes, facts_bytes, magic = _LENGTHS.unpack_from(frame, len(frame) - _LENGTHS.size)
    whole = body_bytes + facts_bytes + _DIGEST_BYTES + _LENGTHS.size
    if magic != MAGIC or whole != len(frame):
        raise CorruptEntry(f"{key}: expected a whole frame, got {len(frame)} other bytes")
    view = memoryview(frame)
    body, facts = view[:body_bytes], view[body_bytes : body_bytes + facts_bytes]
    digest = view[body_bytes + facts_bytes :][:_DIGEST_BYTES]
    if _digest(body, facts) != digest:
        raise CorruptEntry(f"{key}: expected other bytes, the digest is not theirs")
    return _read(key, bytes(body), bytes(facts))


def _read(key: str, body: bytes, text: bytes) -> Entry:
    # The digest is no signature: whoever writes to a tier may have written anything.
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise CorruptEntry(f"{key}: expected facts in JSON, got: {type(exc).__name__}") from exc
    if not isinstance(facts, dict):
        raise CorruptEntry(f"{key}: expected an object of facts, got {type(facts).__name__}")
    if facts.pop("key", None) != key:
        raise CorruptEntry(f"{key}: the frame is of another key")
    if {name: type(value) for name, value in facts.items()} != _FACTS:
        raise CorruptEntry(f"{key}: expected the facts {sorted(_FACTS)}, got {sorted(facts)}")
    return Entry(body, **facts)


def _digest(body: bytes | memoryview, facts: bytes | memoryview) -> bytes:
    digest = hashlib.blake2b(body, digest_size=_DIGEST_BYTES)
    digest.update(facts)
    return digest.digest()
