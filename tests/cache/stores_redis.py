"""The tier in Redis, for the contract of stores."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from cache.shared import open_redis, redis_cache
from cache.store import Store
from cache.tier import Tier
from tests.cache.stores import PATIENCE, Kind


@asynccontextmanager
async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    url: str = request.getfixturevalue("redis_url")
    async with open_redis(url, timeout=PATIENCE) as client:
        cache = redis_cache(client, namespace="test:", timeout=PATIENCE)
        yield Tier("redis", cache, framed=True)


STORES = {"redis": Kind(redis, knows_sources=False)}
