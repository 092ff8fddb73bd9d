"""Objects of one S3 bucket, or of a store that speaks S3, for `s3://bucket/key?versionId`.

The version is the ETag. It is compared on our side too, as some stores ignore If-Match.

A HEAD has no body, so its refusals have no reason: a bare 403 may be a missing key (S3 answers so
without s3:ListBucket) or a wrong secret, a bare 400 an expired token, a bare 404 a missing bucket.
The reason is then read off a GET of the first byte. For 404 that stops once the bucket has proved
to exist.

A body that ends early is `SourceTruncated` and not read again here: the client's two attempts end
where the body begins. Its length is verified, and on AWS the checksum that AWS keeps of the whole
object, if it is one that Python computes fast. ETags are not: some are MD5s, some only look so.

The deadline covers waiting for a connection, both attempts and the body. Within it, connecting
ends after a quarter and 2 s, silence after half: before the first byte, and between any two.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from botocore.exceptions import (  # type: ignore[import-untyped]
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ResponseStreamingError,
)

from origin.picture_file import PictureFile, PictureWriter
from origin.sources.errors import (
    SourceChanged,
    SourceTooLarge,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.s3_refusals import FAULTS, code_of, status_of, translated
from origin.sources.source import Blob, Version

if TYPE_CHECKING:
    from aiobotocore.response import StreamingBody
    from types_aiobotocore_s3 import S3Client

_CHUNK = 1 << 18


class S3Bucket:
    """A `Source` over one bucket; the client is shared and closed by whoever opened it."""

    def __init__(self, client: S3Client, bucket: str, *, timeout: float) -> None:
        self._client = client
        self._bucket = bucket
        self._timeout = timeout
        self._proved = False

    async def stat(self, key: str) -> Version:
        """The version of the object under `key`."""
        wanted = self._wanted(key)
        async with self._deadline(key):
            try:
                found = _version(await self._client.head_object(**wanted), self._name(key))
            except ClientError as exc:
                if not self._is_silent(exc):
                    raise
                found = await self._ask_by_get(wanted, self._name(key))
            self._proved = True
            return found

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """The bytes of the object under `key`."""
        wanted = self._wanted(key)
        if version is not None and version.validator.startswith('"'):
            wanted["IfMatch"] = version.validator
        async with self._deadline(key):
            try:
                answer = await self._client.get_object(**wanted)
            except ClientError as exc:
                if version is not None and status_of(exc) == 412:
                    raise SourceChanged(self._name(key), expected=version.validator) from exc
                raise
            self._proved = True
            async with answer["Body"] as body:
                found = _version(answer, self._name(key))
                if version is not None and version.validator != found.validator:
                    raise SourceChanged(
                        self._name(key), expected=version.validator, found=found.validator
                    )
                file = await _read(body, found.size, max_bytes=max_bytes, where=self._name(key))
            return Blob(found, file)

    def _wanted(self, key: str) -> dict[str, Any]:
        name, _, version_id = key.partition("?")
        wanted = {"Bucket": self._bucket, "Key": name}
        return wanted | {"VersionId": version_id} if version_id else wanted

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"

    def _is_silent(self, exc: ClientError) -> bool:
        silent = (400, 403) if self._proved else (400, 403, 404)
        return status_of(exc) in silent

    async def _ask_by_get(self, wanted: dict[str, Any], where: str) -> Version:
        try:
            answer = await self._client.get_object(**wanted, Range="bytes=0-0")
        except ClientError as exc:
            self._proved = self._proved or code_of(exc) == "NoSuchKey"
            raise
        async with answer["Body"]:
            return _version(answer, where)

    @asynccontextmanager
    async def _deadline(self, key: str) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except FAULTS as exc:
            raise translated(exc, self._name(key)) from exc


def _version(answer: Mapping[str, Any], where: str) -> Version:
    size: int | None = answer.get("ContentLength")
    if "ContentRange" in answer:
        size = int(answer["ContentRange"].rpartition("/")[2])
    modified = answer["LastModified"].timestamp() if "LastModified" in answer else None
    validator = answer.get("ETag") or (modified and f"{modified}-{size}")
    if not validator:
        raise SourceUnavailable(f"{where}: expected an ETag or Last-Modified, got neither")
    return Version(validator, size, modified, answer.get("CacheControl"))


async def _read(
    body: StreamingBody, announced: int | None, *, max_bytes: int, where: str
) -> PictureFile:
    if announced is not None and announced > max_bytes:
        raise SourceTooLarge(where, size=announced, limit=max_bytes)
    writer = PictureWriter()
    try:
        while chunk := await body.read(_CHUNK):  # type: ignore[no-untyped-call]
            if writer.size + len(chunk) > max_bytes:
                raise SourceTooLarge(where, size=writer.size + len(chunk), limit=max_bytes)
            writer.write(chunk)
        if announced is not None and writer.size != announced:
            raise SourceTruncated(where, expected=announced, got=writer.size)
        return writer.finish()
    # aiohttp's own error comes through: aiobotocore translates only those of the connection.
    except (aiohttp.ClientPayloadError, IncompleteReadError, ResponseStreamingError) as exc:
        raise SourceTruncated(where, expected=announced, got=writer.size) from exc
    except FlexibleChecksumError as exc:
        raise SourceUnavailable(
            f"{where}: expected the bytes that were stored, got: {exc}"
        ) from exc
    finally:
        # The traceback of an error would keep the file open as long as anybody has the error.
        del writer
