"""The cache in the object store, opened: a client that writes, and reads that go past it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from cache.objects import ObjectCache
from origin.sources.s3_client import open_client
from origin.sources.s3_credentials import RenewedCredentials
from origin.sources.s3_reads import open_reads


@asynccontextmanager
async def open_objects(
    bucket: str,
    prefix: str,
    *,
    endpoint: str | None,
    region: str | None,
    timeout: float,  # noqa: ASYNC109  (of the calls to the cache, not of this one)
    connections: int,
    max_entry_bytes: int,
    signed_here: bool = True,
) -> AsyncIterator[ObjectCache]:
    """signed_here: without it the client alone reads, as where the store redirects."""
    credentials = RenewedCredentials()
    async with (
        open_client(
            endpoint=endpoint,
            region=region,
            timeout=timeout,
            connections=connections,
            credentials=credentials,
        ) as client,
        open_reads(client, credentials, bucket, prefix, connections=connections) as reads,
    ):
        yield ObjectCache(
            client,
            bucket,
            prefix,
            timeout=timeout,
            max_entry_bytes=max_entry_bytes,
            reads=reads if signed_here else None,
        )
