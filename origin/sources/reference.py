"""The grammar of source references, as they come decoded out of an image URL.

    local:///folder/a.jpg              a file below SAFELIGHT_LOCAL_ROOT
    s3://bucket/folder/a.jpg           an object
    s3://bucket/folder/a.jpg?3HL4kq    the same object in one fixed version
    https://host/path?query            everything after the host is the key

Outside http(s), nothing is decoded any further: `%`, `+` and `#` stand for themselves, and the
key ends at the first `?`. Slashes in front of the key fall away, as in imgproxy; whatever else a
store, a proxy or a file system might normalise is refused rather than cleaned, because two
spellings of one key are two cache entries and a way past a rule.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from origin.sources.errors import SourceReferenceError

MAX_KEY_BYTES = 1024
"""S3's own limit."""

_SHAPE = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?]*)(.*)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Reference:
    """One source: which kind of store, which part of it, which key, perhaps which version."""

    scheme: str
    bucket: str
    key: str
    version_id: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a reference; `SourceReferenceError` says what is wrong with it."""
        _check_characters(text)
        shape = _SHAPE.fullmatch(text)
        if shape is None:
            raise SourceReferenceError(f"expected scheme://bucket/key, got {_shown(text)}")
        scheme, bucket, rest = shape[1].lower(), shape[2], shape[3]
        if scheme in _WEB:
            return cls(scheme, bucket, rest.removeprefix("/"))
        key, _, version_id = rest.lstrip("/").partition("?")
        _check_bucket(scheme, bucket, text)
        _check_key(key, text)
        return cls(scheme, bucket, key, version_id or None)

    @property
    def name(self) -> str:
        """What a source is asked for: the key, with the version id behind a `?` if there is one."""
        return self.key if self.version_id is None else f"{self.key}?{self.version_id}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.bucket}/{self.name}"


def _check_characters(text: str) -> None:
    control = _CONTROL.search(text)
    if control is not None:
        raise SourceReferenceError(
            f"expected no control characters, got {control[0]!r} in {_shown(text)}"
        )
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise SourceReferenceError(f"expected valid UTF-8, got {_shown(text)}") from exc


def _check_bucket(scheme: str, bucket: str, text: str) -> None:
    if scheme == "local" and bucket:
        raise SourceReferenceError(
            f"expected three slashes, as in local:///folder/a.jpg, got {_shown(text)}"
        )
    if scheme != "local" and not bucket:
        raise SourceReferenceError(f"expected {scheme}://bucket/key, got {_shown(text)}")


def _check_key(key: str, text: str) -> None:
    if not key:
        raise SourceReferenceError(f"expected a key behind the bucket, got {_shown(text)}")
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise SourceReferenceError(
            f"expected a key of at most {MAX_KEY_BYTES} bytes, got {size} in {_shown(text)}"
        )
    for segment in key.split("/"):
        if segment in ("", ".", ".."):
            raise SourceReferenceError(
                f"expected no empty, '.' or '..' segments, got {segment!r} in {_shown(text)}"
            )


def _shown(text: str) -> str:
    return ascii(text if len(text) <= 200 else f"{text[:200]}…")
