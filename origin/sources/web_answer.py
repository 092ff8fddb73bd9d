"""What a web host answered: status and fields become a version, or an error of ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from email.utils import mktime_tz, parsedate_tz

import httpcore

from origin.sources.errors import (
    SourceDenied,
    SourceNotFound,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.source import Version

_REDIRECTS = {301, 302, 303, 307, 308}
# A HEAD is not known, or known to be forbidden where GET is not: signed URLs are for one method.
_HEADLESS = {400, 401, 403, 405, 501}
_SHORT = 4096


class Answer:
    """One answer to a GET or HEAD; the body is still to come."""

    def __init__(self, method: str, response: httpcore.Response) -> None:
        self._method = method
        self._response = response
        self._fields: dict[bytes, bytes] = {}
        for name, value in response.headers:
            known = self._fields.get(name.lower())
            self._fields[name.lower()] = value if known is None else known + b", " + value

    @property
    def location(self) -> str | None:
        """Where it redirects to, if it does."""
        return self._field(b"location") if self._response.status in _REDIRECTS else None

    @property
    def headless(self) -> bool:
        """Whether a HEAD that was answered so says nothing about a GET."""
        return self._response.status in _HEADLESS

    @property
    def size(self) -> int | None:
        """The length of the body, where it is announced."""
        # A body in chunks has no other length than theirs.
        length = self._field(b"content-length")
        return None if length is None or b"transfer-encoding" in self._fields else int(length)

    async def finish_if_short(self) -> None:
        """Read what nobody needs, so that the connection can be kept."""
        # A HEAD's length is that of the body which does not come.
        aside = self._response.status != 200 and self.size is not None and self.size <= _SHORT
        if self._method == "HEAD" or aside:
            async for _ in self._response.aiter_stream():
                pass

    def check(self, where: str) -> None:
        """A `SourceError` unless the body is, or would be, the whole source as it is."""
        status = self._response.status
        came = f"{where}: expected 200, got {status}"
        if status in (404, 410):
            raise SourceNotFound(f"{came}: there is no such source")
        if status in (401, 403):
            raise SourceDenied(f"{came}: the host refuses this server")
        if status == 429 or status >= 500:
            raise SourceUnavailable(f"{came}: the host is failing or overloaded")
        if status != 200:
            raise SourceUnavailable(came)
        coding = (self._field(b"content-encoding") or "identity").strip().lower()
        if coding != "identity":
            raise SourceUnavailable(
                f"{where}: expected the bytes as they are, got Content-Encoding {coding!r}, "
                "which was not asked for"
            )

    @property
    def version(self) -> Version | None:
        """None if no field changes with the bytes."""
        size, modified = self.size, self._modified
        validator = self._field(b"etag")
        if not validator and modified is not None and size is not None:
            validator = f"{modified}-{size}"
        return self.versioned(validator, size) if validator else None

    def versioned(self, validator: str, size: int | None) -> Version:
        """A version with everything else that the fields say."""
        return Version(validator, size, self._modified, self._field(b"cache-control"))

    async def chunks(self, where: str) -> AsyncGenerator[bytes, None]:
        """The body; SourceTruncated if it breaks off, or ends before the announced length."""
        got = 0
        try:
            async for chunk in self._response.aiter_stream():
                got += len(chunk)
                yield chunk
        except (httpcore.ReadError, httpcore.RemoteProtocolError) as exc:
            raise SourceTruncated(where, expected=self.size, got=got) from exc

    @property
    def _modified(self) -> float | None:
        date = parsedate_tz(self._field(b"last-modified") or "")
        try:
            return None if date is None else float(mktime_tz(date))
        except (ValueError, OverflowError):
            return None

    def _field(self, name: bytes) -> str | None:
        value = self._fields.get(name)
        if value is None:
            return None
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
