"""What every store promises, whatever it keeps its entries in."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cache.entry import Entry
from cache.store import Store
from tests.cache import stores
from tests.cache.stores import OTHER_SOURCE, PATIENCE, SOURCE, Kind, entry, key


def _kinds() -> dict[str, Kind]:
    kinds = dict(stores.STORES)
    for path in sorted(Path(__file__).parent.glob("stores_*.py")):
        kinds.update(importlib.import_module(f"tests.cache.{path.stem}").STORES)
    return kinds


@pytest.fixture(params=[pytest.param(kind, id=name) for name, kind in _kinds().items()])
def kind(request: pytest.FixtureRequest) -> Kind:
    value = request.param
    assert isinstance(value, Kind)
    return value


@pytest_asyncio.fixture
async def store(kind: Kind, request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    async with kind.open(request) as store:
        yield store


@pytest.mark.parametrize(
    "given",
    [
        entry(),
        entry(b""),
        entry(bytes(range(256)) * 12_000),
        entry(chosen="source", created=0.0),
        entry(media_type="image/svg+xml; charset=utf-8", extension="", frames=100_000),
        entry(media_type="ü\u2028\0\U0001f600", width=0, height=2**63, created=-1.5e-300),
    ],
    ids=["usual", "empty", "3 MB", "source's own bytes", "long facts", "odd facts"],
)
async def test_an_entry_comes_back_as_it_was_put(store: Store, given: Entry) -> None:
    kept = await store.put(key(1), given)

    assert kept
    assert await store.get(key(1)) == given


async def test_what_was_never_put_is_none(store: Store) -> None:
    await store.put(key(1), entry())

    assert await store.get(key(2)) is None
    assert await store.get(key(1, OTHER_SOURCE)) is None


async def test_the_last_put_counts(store: Store) -> None:
    await store.put(key(1), entry(b"a long body to begin with"))
    await store.put(key(1), entry(b"short", width=7))

    assert await store.get(key(1)) == entry(b"short", width=7)


async def test_what_was_deleted_is_gone_and_may_be_deleted_again(store: Store) -> None:
    await store.put(key(1), entry())
    await store.put(key(2), entry(b"stays"))

    await store.delete(key(1))
    await store.delete(key(1))

    assert await store.get(key(1)) is None
    assert await store.get(key(2)) == entry(b"stays")
    assert await store.put(key(1), entry(b"again"))
    assert await store.get(key(1)) == entry(b"again")


async def test_keys_that_differ_in_one_digit_are_different(store: Store) -> None:
    one = key(0)
    others = [f"{one[:place]}1{one[place + 1 :]}" for place in (1, 31, 33, 60, 96)]

    for number, name in enumerate([one, *others]):
        await store.put(name, entry(width=number))

    found = [await store.get(name) for name in [one, *others]]
    assert found == [entry(width=number) for number in range(6)]


async def test_dropping_a_source_forgets_all_of_it_and_nothing_else(
    store: Store, kind: Kind
) -> None:
    if not kind.knows_sources:
        pytest.skip("this store cannot list what it keeps of a source")
    neighbour = f"{SOURCE[:-1]}e"
    for number in range(20):
        await store.put(key(number), entry())
    for source in (OTHER_SOURCE, neighbour):
        await store.put(key(1, source), entry(b"stays"))

    await store.drop_source(SOURCE)
    await store.drop_source("ab" * 16)

    assert [await store.get(key(number)) for number in range(20)] == [None] * 20
    assert await store.get(key(1, OTHER_SOURCE)) == entry(b"stays")
    assert await store.get(key(1, neighbour)) == entry(b"stays")


async def test_an_entry_with_a_lifetime_ends(store: Store, kind: Kind) -> None:
    if not kind.keeps_time:
        pytest.skip("this store keeps everything for ever")
    await store.put(key(1), entry(b"passing"), ttl=1.0)
    await store.put(key(2), entry(b"long"), ttl=3600.0)
    await store.put(key(3), entry(b"lasting"))

    async with asyncio.timeout(PATIENCE):
        while await store.get(key(1)) is not None:  # noqa: ASYNC110 (stores tell nobody)
            await asyncio.sleep(0.05)

    assert await store.get(key(1)) is None
    assert await store.get(key(2)) == entry(b"long")
    assert await store.get(key(3)) == entry(b"lasting")


async def test_puts_at_once_leave_one_whole_entry(store: Store) -> None:
    given = [entry(bytes([number]) * 50_000, width=number) for number in range(20)]

    await asyncio.gather(*(store.put(key(1), each) for each in given))

    assert await store.get(key(1)) in given


async def test_who_reads_during_a_put_never_sees_a_mix(store: Store) -> None:
    given = [entry(bytes([number]) * 200_000, width=number) for number in range(10)]
    await store.put(key(1), given[0])
    seen: list[Entry | None] = []

    async def read() -> None:
        for _ in range(20):
            seen.append(await store.get(key(1)))

    async def write() -> None:
        for each in given:
            await store.put(key(1), each)

    await asyncio.gather(read(), write(), read())

    assert len(seen) == 40
    assert all(found in given for found in seen)
