"""The contract of stores, kept by objects in a bucket of a real S3 endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cache.objects import ObjectCache
from cache.store import Store
from cache.tier import Tier
from origin.sources.s3_client import open_client
from tests.cache.stores import PATIENCE, ROOM, Kind
from tests.s3 import isolate_aws, serve_s3

_OVERWRITING = {"test_the_last_put_counts", "test_who_reads_during_a_put_never_sees_a_mix"}


@asynccontextmanager
async def objects(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    if request.node.originalname in _OVERWRITING:
        pytest.skip("an object is written once")
    folder: Path = request.getfixturevalue("tmp_path")
    with serve_s3(folder / "s3") as server:
        isolate_aws(request.getfixturevalue("monkeypatch"), server.environment)
        async with open_client(
            endpoint=server.url, region=None, timeout=PATIENCE, connections=10
        ) as client:
            cache = ObjectCache(
                client, server.new_bucket(), "results", timeout=PATIENCE, max_entry_bytes=ROOM
            )
            yield Tier("objects", cache, framed=True)


STORES = {"objects": Kind(objects)}
