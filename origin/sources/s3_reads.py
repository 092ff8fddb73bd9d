"""Reads of the result tier's objects that go past the S3 client, where its settings allow that."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
from botocore.exceptions import BotoCoreError  # type: ignore[import-untyped]

from cache.object_reads import ObjectReads
from origin.sources.s3_credentials import RenewedCredentials

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

_ANY_NAME = "name"
# The client's name for "no region was given"; stores then want that of the first there was.
_NO_REGION = {"", "aws-global"}
_FIRST_REGION = "us-east-1"


@asynccontextmanager
async def open_reads(
    client: S3Client,
    credentials: RenewedCredentials,
    bucket: str,
    prefix: str,
    *,
    connections: int,
) -> AsyncIterator[ObjectReads | None]:
    """Of the objects below `prefix`, with the endpoint and credentials of the client. None if it
    has no credentials yet: it will say so itself.
    """
    place = f"{prefix}/{_ANY_NAME}" if prefix else _ANY_NAME
    try:
        # What the client would ask for: it knows endpoints, addressing styles and their exceptions.
        signed = await client.generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": place}
        )
    except BotoCoreError:
        yield None
        return
    region = client.meta.region_name or ""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=connections),
        # The caller's deadline is the only one; nothing here may be changed on its way.
        timeout=aiohttp.ClientTimeout(total=None, connect=None),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "Safelight", "Accept-Encoding": "identity"},
    ) as session:
        yield ObjectReads(
            session,
            signed.split("?")[0].removesuffix(_ANY_NAME),
            region=_FIRST_REGION if region in _NO_REGION else region,
            credentials=credentials.get_frozen_credentials,
        )
