"""The tier that forgets nothing: results as objects in a bucket of S3, or of what speaks like it.

    s3://<bucket>/<prefix>/<source>/<result>

Objects are written once. The condition that says so keeps a bucket with versions from filling up
with copies; stores that do not know it overwrite a result with itself. What expires is said in
the object's metadata (`expires`, Unix seconds), as a bucket's lifecycle rules know no single
objects: those rules are what empties the tier.

The client belongs to whoever opened it, and retries on its own.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

from cache.errors import TierFailed
from cache.object_location import SETTING
from cache.object_reads import NoObject, ObjectReads, Unanswered

if TYPE_CHECKING:
    from aiobotocore.response import StreamingBody
    from types_aiobotocore_s3 import S3Client

_CHUNK = 1 << 18
_CLEAR_SECONDS = 60.0
_CLEAR_PAGES = 200
# All that the client may raise. aiohttp's own errors come through where a body is read; ValueError
# is for a header that cannot be read, such as a date.
_FAULTS = (
    ClientError,
    BotoCoreError,
    ResponseParserError,
    aiohttp.ClientError,
    OSError,
    ValueError,
)
_log = logging.getLogger(__name__)


class ObjectsTimeoutError(TierFailed, TimeoutError):
    """The store took too long."""


class ObjectCache(BaseCache):
    """Frames of bytes under `<source>/<result>`; every call ends in time or in `TierFailed`."""

    NAME = "objects"

    def __init__(
        self,
        client: S3Client,
        bucket: str,
        prefix: str,
        *,
        timeout: float,
        max_entry_bytes: int,
        page: int = 100,
        reads: ObjectReads | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """timeout: seconds per call. max_entry_bytes: of a frame. page: keys deleted at once.
        reads: asked before the client, of the same objects.
        """
        # No timeout for aiocache: the deadline here says what was late.
        super().__init__(  # type: ignore[no-untyped-call]
            serializer=NullSerializer(),  # type: ignore[no-untyped-call]
            timeout=None,
        )
        self.denied = 0
        """Reads that the store answered with AccessDenied, and that passed for misses."""
        self._client = client
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._seconds = timeout
        self._max_entry_bytes = max_entry_bytes
        self._page = page
        self._reads = reads
        self._clock = clock
        self._conditional = True

    async def _get(self, key: str, encoding: object = None, _conn: Any = None) -> bytes | None:
        async with self._deadline(key):
            try:
                body, expires = await self._read(key)
            except Unanswered:
                body, expires = await self._read_by_client(key)
            if expires > self._clock():
                return body
            # It would be in the way of a write that is conditional.
            await self._client.delete_object(**self._place(key))
            return None

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float | None = None,
        _cas_token: Any = None,
        _conn: Any = None,
    ) -> bool:
        if len(value) > self._max_entry_bytes:
            return False
        wanted: dict[str, Any] = {
            **self._place(key),
            "Body": value,
            "ContentType": "binary/octet-stream",
        }
        if ttl is not None:
            wanted["Metadata"] = {"expires": f"{self._clock() + ttl:.3f}"}
        async with self._deadline(key):
            if self._conditional and ttl is None:
                try:
                    await self._client.put_object(**wanted, IfNoneMatch="*")
                    return True
                except ClientError as error:
                    if _status(error) in (409, 412):
                        return True  # there, or being written by somebody else
                    if _status(error) != 501:
                        raise
                    self._conditional = False
            await self._client.put_object(**wanted)
        return True

    async def _exists(self, key: str, _conn: Any = None) -> bool:
        async with self._deadline(key):
            # Not a HEAD, whose refusals do not say why.
            answer = await self._opened(key, Range="bytes=0-0")
            if answer is None:
                return False
            async with answer["Body"]:
                return _expires(answer) > self._clock()

    async def _delete(self, key: str, _conn: Any = None) -> int:
        async with self._deadline(key):
            try:
                await self._client.delete_object(**self._place(key))
            except ClientError as error:
                if _is_missing(error):
                    return 0
                raise
        return 1

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        if not namespace:
            raise ValueError("expected a source whose results are to go, got none")
        prefix = f"{self._prefix}{namespace}/"
        wanted: dict[str, Any] = {"Bucket": self._bucket, "Prefix": prefix, "MaxKeys": self._page}
        async with self._deadline(namespace, _CLEAR_SECONDS):
            for _ in range(_CLEAR_PAGES):
                async with self._deadline(namespace):
                    listed = await self._client.list_objects_v2(**wanted)
                found = [each.get("Key", "") for each in listed.get("Contents", ())]
                # A store that did not understand the prefix must not cost anybody their bucket.
                await self._remove([key for key in found if key.startswith(prefix)], namespace)
                token = listed.get("NextContinuationToken")
                if not token:
                    return True
                wanted["ContinuationToken"] = token
        raise TierFailed(f"{self._where(namespace)}: expected the end of a list, got more and more")

    async def _remove(self, objects: Sequence[str], namespace: str) -> None:
        if not objects:
            return
        listed = {"Objects": [{"Key": name} for name in objects], "Quiet": True}
        async with self._deadline(namespace):
            try:
                answer = await self._client.delete_objects(Bucket=self._bucket, Delete=listed)  # type: ignore[arg-type]
            except ClientError as error:
                if _status(error) not in (400, 404, 405, 411, 501):
                    raise
            else:
                if errors := answer.get("Errors"):
                    raise TierFailed(
                        f"{self._where(namespace)}: expected {len(objects)} objects to be deleted,"
                        f" got {len(errors)} refusals, the first: {errors[0]}"
                    )
                return
        for name in objects:  # the store has no such call
            await self._delete(name.removeprefix(self._prefix))

    async def _opened(self, key: str, **more: Any) -> Mapping[str, Any] | None:
        try:
            return await self._client.get_object(**self._place(key), **more)
        except ClientError as error:
            if _is_missing(error):
                return None
            # S3 does not say that a key is missing to those who may not list the bucket.
            if _code(error) != "AccessDenied":
                raise
            self.denied += 1
            if self.denied == 1:
                _log.warning(
                    "%s: got AccessDenied, which passes for a miss: grant s3:ListBucket, so that "
                    "the store tells what is missing, and s3:GetObject",
                    self._where(key),
                )
            return None

    async def _read(self, key: str) -> tuple[bytes | None, float]:
        """The bytes, and until when they may be given; Unanswered."""
        if self._reads is None:
            raise Unanswered("nobody else than the client is there")
        found = await self._reads.read(key, most_bytes=self._max_entry_bytes)
        if isinstance(found, NoObject):
            return None, math.inf
        return found.body, found.expires

    async def _read_by_client(self, key: str) -> tuple[bytes | None, float]:
        answer = await self._opened(key)
        if answer is not None:
            async with answer["Body"] as body:
                expires = _expires(answer)
                wanted = expires > self._clock()
                data = await self._drawn(body, answer.get("ContentLength", 0)) if wanted else None
        else:
            data, expires = None, math.inf
        if self._reads is not None:
            self._reads.rest()
        return data, expires

    async def _drawn(self, body: StreamingBody, announced: int) -> bytes | None:
        """None for what is larger than anything that would be written here."""
        chunks: list[bytes] = []
        size = 0
        while max(size, announced) <= self._max_entry_bytes:
            chunk: bytes = await body.read(_CHUNK)  # type: ignore[no-untyped-call]
            if not chunk:
                return b"".join(chunks)
            chunks.append(chunk)
            size += len(chunk)
        return None

    def _place(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": f"{self._prefix}{key}"}

    def _where(self, key: str) -> str:
        return f"s3://{self._bucket}/{self._prefix}{key} ({SETTING})"

    @asynccontextmanager
    async def _deadline(self, key: str, seconds: float | None = None) -> AsyncIterator[None]:
        seconds = self._seconds if seconds is None else seconds
        try:
            async with asyncio.timeout(seconds):
                yield
        except TierFailed:
            raise
        except _FAULTS as error:
            late = isinstance(error, TimeoutError) or type(error).__name__.endswith("TimeoutError")
            raise (ObjectsTimeoutError if late else TierFailed)(
                f"{self._where(key)}: expected an answer within {seconds:g} s, "
                f"got {type(error).__name__}: {error}"
            ) from error


def _expires(answer: Mapping[str, Any]) -> float:
    return float(answer.get("Metadata", {}).get("expires", "inf"))


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _is_missing(error: ClientError) -> bool:
    return _status(error) == 404 and _code(error) != "NoSuchBucket"
