"""GETs of single objects in a fraction of the client's time, for the two answers that matter.

The S3 client takes three quarters of a millisecond of the processor for a request, most of it to
find out again what is the same for every object. So the URL is found out once, by the client, and
each request is only signed (AWS Signature Version 4). There or not there is answered here. All else
is left to the client, which knows redirects, proxies, tokens that are renewed, and retries.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from botocore.auth import S3SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]
from yarl import URL

# While only the client can read: asking twice each time would be worse than asking slowly.
_REST_SECONDS: Final = 60.0
_CHUNK: Final = 1 << 18
_MOST_ERROR: Final = 1 << 14


@dataclass(frozen=True, slots=True)
class FoundObject:
    """body: None if it is larger than was allowed. expires: Unix seconds, `inf` for never."""

    body: bytes | None
    expires: float


@dataclass(frozen=True, slots=True)
class NoObject:
    """There is none of that name."""


class Unanswered(Exception):
    """Neither there nor not there, as far as can be told here: the client is to be asked."""


class ObjectReads:
    """base: URL of the objects' common prefix, of characters that need no quoting. None among the
    credentials is for a store that is asked without. The session belongs to whoever opened it.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base: str,
        *,
        region: str,
        credentials: Callable[[], Awaitable[ReadOnlyCredentials | None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._base = base
        self._region = region
        self._credentials = credentials
        self._clock = clock
        self._rests_until = 0.0
        self._auth: Any = None

    async def read(self, key: str, *, most_bytes: int) -> FoundObject | NoObject:
        """Unanswered if the store says anything else, or nothing; the caller has the deadline."""
        if self._clock() < self._rests_until:
            raise Unanswered("the client alone is asked for a while")
        try:
            headers = await self._signed(key)
            async with self._session.get(
                URL(self._base + key, encoded=True), headers=headers, allow_redirects=False
            ) as answer:
                if answer.status == 200:
                    return await _found(answer, most_bytes)
                text = await answer.content.read(_MOST_ERROR)
        except aiohttp.ClientError as error:
            raise Unanswered(repr(error)) from error
        if answer.status == 404 and b"NoSuchKey" in text:
            return NoObject()
        raise Unanswered(f"status {answer.status}")

    def rest(self) -> None:
        """The client could answer what could not be answered here."""
        self._rests_until = self._clock() + _REST_SECONDS

    async def _signed(self, key: str) -> dict[str, str]:
        given = await self._credentials()
        if given is None:
            raise Unanswered("no credentials")
        if self._auth is None or self._auth.credentials is not given:
            self._auth = S3SigV4Auth(given, "s3", self._region)
        request = AWSRequest("GET", self._base + key)
        self._auth.add_auth(request)
        return dict(request.headers.items())


async def _found(answer: aiohttp.ClientResponse, most_bytes: int) -> FoundObject:
    """ValueError for a date that cannot be read."""
    expires = float(answer.headers.get("x-amz-meta-expires", "inf"))
    chunks: list[bytes] = []
    size = answer.content_length or 0
    if size <= most_bytes:
        size = 0
        async for chunk in answer.content.iter_chunked(_CHUNK):
            chunks.append(chunk)
            size += len(chunk)
            if size > most_bytes:
                break
    return FoundObject(b"".join(chunks) if size <= most_bytes else None, expires)
