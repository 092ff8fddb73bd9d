"""All buckets of one object store, on one client."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from origin.sources.s3 import S3Bucket
from origin.sources.s3_client import open_client


@asynccontextmanager
async def open_buckets(
    names: Sequence[str],
    *,
    endpoint: str | None,
    region: str | None,
    timeout: float,  # noqa: ASYNC109  (handed to every request, not to this function)
    connections: int,
) -> AsyncIterator[Mapping[str, S3Bucket]]:
    """Name -> bucket. connections: of all together."""
    async with open_client(
        endpoint=endpoint, region=region, timeout=timeout, connections=connections
    ) as client:
        yield {name: S3Bucket(client, name, timeout=timeout) for name in names}
