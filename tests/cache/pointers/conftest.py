from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cache.pointers import Pointers
from cache.purges import Purges
from tests.cache.pointers.looking import (
    CAT,
    DEADLINE_SECONDS,
    NEGATIVE_TTL,
    STALE_FOR,
    TTL,
    Clock,
    Gallery,
    Open,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gallery(clock: Clock) -> Gallery:
    gallery = Gallery(clock)
    gallery.versions[CAT] = "one"
    return gallery


@pytest.fixture
def purges() -> Purges:
    return Purges()


@pytest.fixture
async def pointers_with(clock: Clock, gallery: Gallery, purges: Purges) -> AsyncIterator[Open]:
    opened = []

    def open_pointers(**settings: Any) -> Pointers:
        defaults = {"ttl": TTL, "negative_ttl": NEGATIVE_TTL, "stale_for": STALE_FOR}
        defaults["patience"] = DEADLINE_SECONDS
        pointers = Pointers(gallery.look, purges=purges, clock=clock, **defaults | settings)
        opened.append(pointers)
        return pointers

    yield open_pointers
    for pointers in opened:
        await pointers.close()


@pytest.fixture
def pointers(pointers_with: Open) -> Pointers:
    return pointers_with()
