"""Every store that keeps the contract of `test_store_contract.py`, and entries to put there.

To add one, write a file `stores_<name>.py` beside this one with a dictionary of its own:

    @asynccontextmanager
    async def redis(request: pytest.FixtureRequest) -> AsyncIterator[Store]: ...

    STORES = {"redis": Kind(redis, knows_sources=False)}

The contract suite finds it by its name. The factory gets what it needs by `getfixturevalue`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from cache.disk import open_disk
from cache.entry import Entry
from cache.memory import MemoryCache
from cache.store import Store
from cache.tier import Tier

SOURCE, OTHER_SOURCE = "0f" * 16, "1f" * 16
ROOM = 64 << 20
PATIENCE = 30.0
"""Seconds for what takes milliseconds on an idle machine."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of store, and which promises it cannot keep."""

    open: Callable[[pytest.FixtureRequest], AbstractAsyncContextManager[Store]]
    knows_sources: bool = True
    keeps_time: bool = True


def entry(body: bytes = b"picture", **facts: Any) -> Entry:
    """An entry whose facts are given, or are likely ones."""
    likely = Entry(
        body=body,
        media_type="image/webp",
        extension="webp",
        width=300,
        height=200,
        frames=1,
        source_width=4000,
        source_height=3000,
        chosen="webp",
        created=1_700_000_000.25,
    )
    return replace(likely, **facts)


def key(number: int, source: str = SOURCE) -> str:
    """The name of one result of the source."""
    return f"{source}/{number:064x}"


async def until(condition: Callable[[], object]) -> None:
    """Wait for what goes on in a thread, or in another process."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 (nothing tells when)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def memory(_request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    yield Tier("memory", MemoryCache(ROOM), framed=False)


@asynccontextmanager
async def disk(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    folder: Path = request.getfixturevalue("tmp_path")
    async with open_disk(folder, ROOM, timeout=PATIENCE) as cache:
        yield Tier("disk", cache, framed=True)


STORES = {"memory": Kind(memory), "disk": Kind(disk)}
