"""What can go wrong between a source reference and its bytes.

SourceError
├── SourceReferenceError   the reference itself is malformed: no store is asked
├── SourceNotAllowed       well formed, but switched off: scheme, bucket, path outside the root
├── SourceNotFound         the store has nothing under this key, or will not say (S3)
├── SourceTooLarge         more bytes than SAFELIGHT_MAX_SRC_MB, or the URL, allows
├── SourceChanged          the bytes are no longer of the version asked for: stat again, once
├── SourceTruncated        fewer bytes came than were announced: worth one more try
├── SourceTimeout          the store did not answer, or did not finish, within the deadline
├── SourceUnavailable      the store is down, overloaded or unreachable: worth a later try
├── SourceBusy             as much is asked of the store as is allowed: worth a try in a moment
└── SourceDenied           the store refuses *us*: credentials, permissions, a missing bucket

Messages are for the operator's log: what was expected, what came, which setting matters.
"""

from __future__ import annotations


class SourceError(Exception):
    """No bytes, or no version, for this source reference."""


class SourceReferenceError(SourceError):
    """The reference cannot name a source in any store."""


class SourceNotAllowed(SourceError):
    """The reference names something that the configuration does not open."""


class SourceNotFound(SourceError):
    """There is no such source."""


class SourceTooLarge(SourceError):
    """The source has more bytes than the limit; `size` is what was announced or seen so far."""

    def __init__(self, source: str, *, size: int, limit: int) -> None:
        super().__init__(
            f"{source}: expected at most {limit} bytes "
            f"(SAFELIGHT_MAX_SRC_MB, or max_src_file_size in the URL), got {size} or more"
        )
        self.size = size
        self.limit = limit


class SourceChanged(SourceError):
    """The source was overwritten between the look at its version and the reading of its bytes."""

    def __init__(self, source: str, *, expected: str, found: str | None = None) -> None:
        came = "the store holds another one" if found is None else f"found {found}"
        super().__init__(f"{source}: expected version {expected}, {came}")


class SourceTruncated(SourceError):
    """The transfer ended early."""

    def __init__(self, source: str, *, expected: int | None, got: int) -> None:
        announced = "the end of the body" if expected is None else f"{expected} bytes"
        super().__init__(
            f"{source}: expected {announced}, but the transfer ended after {got} bytes"
        )
        self.expected = expected
        self.got = got


class SourceTimeout(SourceError):
    """The store was too slow."""


class SourceUnavailable(SourceError):
    """The store is failing; the source may well exist."""


class SourceBusy(SourceError):
    """There was no room for another request to the store; this one was never made."""


class SourceDenied(SourceError):
    """The store turns this server away; an operator has to act."""
