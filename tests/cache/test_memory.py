"""Entries in memory: as they were put, no more bytes than there may be, none after its time."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.key import result_key
from cache.memory import OVERHEAD, MemoryCache
from tests.cache.stores import OTHER_SOURCE, SOURCE, entry, key

_KB = 1024


class Clock:
    """Stands still until it is told."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_the_server_and_aiocache_see_the_same_entries() -> None:
    cache = MemoryCache(100 * _KB)
    one, other = entry(b"one"), entry(b"other")

    kept = cache.keep(key(1), one)
    await cache.set(key(2), other)

    assert kept
    assert cache.peek(key(1)) is await cache.get(key(1)) is one
    assert cache.peek(key(2)) is await cache.get(key(2)) is other
    assert await cache.exists(key(1))
    assert not await cache.exists(key(3))
    assert cache.count == 2


async def test_add_takes_only_new_keys() -> None:
    cache = MemoryCache(100 * _KB)

    await cache.add(key(1), entry(b"one"))

    with pytest.raises(ValueError, match="expected a new key"):
        await cache.add(key(1), entry(b"other"))
    assert cache.peek(key(1)) == entry(b"one")


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 6 * _KB)), max_size=150))
def test_there_are_never_more_bytes_than_there_may_be(puts: list[tuple[int, int]]) -> None:
    cache = MemoryCache(64 * _KB)

    for number, size in puts:
        kept = cache.keep(key(number), entry(bytes(size)))

        assert kept
        assert cache.peek(key(number)) is not None
        held = [cache.peek(key(each)) for each in range(31)]
        sizes = [len(each.body) + OVERHEAD for each in held if each is not None]
        assert cache.bytes == sum(sizes) <= cache.max_bytes
        assert cache.count == len(sizes)


async def test_an_entry_that_is_too_large_is_not_kept_and_nothing_else_goes_for_it() -> None:
    cache = MemoryCache(64 * _KB)
    for number in range(10):
        cache.keep(key(number), entry())

    kept = [await cache.set(key(number), entry(bytes(8 * _KB))) for number in (3, 99)]

    assert kept == [False, False]
    assert cache.peek(key(3)) is None
    assert cache.count == 9


async def test_clearing_a_source_forgets_all_of_it_and_nothing_else() -> None:
    cache = MemoryCache(1000 * _KB)
    for number in range(50):
        cache.keep(key(number), entry())
        cache.keep(key(number, OTHER_SOURCE), entry())

    await cache.clear(namespace=SOURCE)
    await cache.clear(namespace="ab" * 16)
    await cache.clear(namespace=SOURCE[:4])

    assert not any(cache.peek(key(number)) for number in range(50))
    assert all(cache.peek(key(number, OTHER_SOURCE)) for number in range(50))
    assert cache.bytes == 50 * (OVERHEAD + len(entry().body))


async def test_clearing_without_a_source_forgets_everything() -> None:
    cache = MemoryCache(100 * _KB)
    cache.keep(key(1), entry())
    cache.keep(key(1, OTHER_SOURCE), entry())

    await cache.clear()

    assert (cache.count, cache.bytes) == (0, 0)


async def test_a_source_is_found_again_after_some_of_it_had_to_go() -> None:
    cache = MemoryCache(20 * _KB)
    for number in range(100):
        cache.keep(key(number), entry())
        cache.keep(key(number, OTHER_SOURCE), entry())

    await cache.clear(namespace=SOURCE)
    await cache.clear(namespace=OTHER_SOURCE)

    assert (cache.count, cache.bytes) == (0, 0)


async def test_an_entry_ends_at_its_time() -> None:
    clock = Clock()
    cache = MemoryCache(100 * _KB, clock=clock)
    cache.keep(key(1), entry(), 10.0)
    await cache.set(key(2), entry(), ttl=10.0)
    cache.keep(key(3), entry())

    clock.now += 9.9
    before = [cache.peek(key(number)) is not None for number in (1, 2, 3)]
    clock.now += 0.1
    after = [cache.peek(key(number)) is not None for number in (1, 2, 3)]

    assert before == [True, True, True]
    assert after == [False, False, True]
    assert cache.count == 1


async def test_a_later_put_gives_another_time() -> None:
    clock = Clock()
    cache = MemoryCache(100 * _KB, clock=clock)
    cache.keep(key(1), entry(), 10.0)
    cache.keep(key(1), entry())

    clock.now += 1e9

    assert cache.peek(key(1)) == entry()


def test_what_is_peeked_at_stays_when_others_pass_by() -> None:
    cache = MemoryCache(64 * _KB)
    cache.keep(key(0), entry())
    for _ in range(2):
        cache.peek(key(0))

    for number in range(1, 1000):
        cache.keep(key(number), entry())

    assert cache.peek(key(0)) is not None


def test_the_overhead_that_is_counted_is_what_an_entry_takes() -> None:
    count, body = 2000, 500
    names = [
        result_key(f"local:///{number}.jpg", "plan", ["1"], "engine") for number in range(count)
    ]
    cache = MemoryCache(count * (OVERHEAD + body) + _KB)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for name in names:
            cache.keep(str(name.encode(), "ascii"), entry(bytes(body)))
        taken = (tracemalloc.get_traced_memory()[0] - before) / count - body
    finally:
        tracemalloc.stop()

    assert OVERHEAD / 2 < taken < OVERHEAD
