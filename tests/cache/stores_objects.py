"""The contract of stores, kept by objects in a bucket of a real S3 endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cache.store import Store
from cache.tier import Tier
from origin.objects import open_objects
from tests.cache.stores import PATIENCE, ROOM, Kind
from tests.s3 import isolate_aws, serve_s3

_OVERWRITING = {"test_the_last_put_counts", "test_who_reads_during_a_put_never_sees_a_mix"}


@asynccontextmanager
async def objects(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """As the server opens it."""
    async with _opened(request, signed_here=True) as store:
        yield store


@asynccontextmanager
async def client_alone(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """As it is where only the client can read: behind a proxy, after a redirect."""
    async with _opened(request, signed_here=False) as store:
        yield store


@asynccontextmanager
async def _opened(request: pytest.FixtureRequest, *, signed_here: bool) -> AsyncIterator[Store]:
    if request.node.originalname in _OVERWRITING:
        pytest.skip("an object is written once")
    folder: Path = request.getfixturevalue("tmp_path")
    with serve_s3(folder / "s3") as server:
        isolate_aws(request.getfixturevalue("monkeypatch"), server.environment)
        async with open_objects(
            server.new_bucket(),
            "results",
            endpoint=server.url,
            region=None,
            timeout=PATIENCE,
            connections=10,
            max_entry_bytes=ROOM,
            signed_here=signed_here,
        ) as cache:
            yield Tier("objects", cache, framed=True)


STORES = {"objects": Kind(objects), "objects-by-client": Kind(client_alone)}
