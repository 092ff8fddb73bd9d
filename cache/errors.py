"""What can go wrong in a cache. None of it ever reaches a client: a failed read is a miss.

CacheError
├── CorruptEntry   the bytes that a tier gave back are not those that were put there
└── TierFailed     a tier is down, full, too slow or refuses us
"""

from __future__ import annotations


class CacheError(Exception):
    """A tier could not do what it was asked."""


class CorruptEntry(CacheError):
    """Cut, changed, of another key, or not ours at all."""


class TierFailed(CacheError):
    """Worth another try later."""
