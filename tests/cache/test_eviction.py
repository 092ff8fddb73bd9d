"""What is asked for often stays, whatever passes by; and never more bytes than there may be."""

from __future__ import annotations

import random
from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cache.eviction import S3Fifo

_KEYS = [f"{number:x}" for number in range(12)]
_SIZES = st.integers(1, 100)
_STEP = st.one_of(
    st.tuples(st.just("add"), st.sampled_from(_KEYS), _SIZES),
    st.tuples(st.just("touch"), st.sampled_from(_KEYS), st.just(0)),
    st.tuples(st.just("remove"), st.sampled_from(_KEYS), st.just(0)),
    st.tuples(st.just("shrink"), st.just(""), _SIZES),
)


class Lru:
    """What S3-FIFO is measured by."""

    def __init__(self, max_bytes: int) -> None:
        self._left = max_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()

    def __contains__(self, key: str) -> bool:
        return key in self._sizes

    def touch(self, key: str) -> None:
        self._sizes.move_to_end(key)

    def add(self, key: str, size: int) -> None:
        self._sizes[key] = size
        self._left -= size
        while self._left < 0:
            self._left += self._sizes.popitem(last=False)[1]


def hits(cache: S3Fifo | Lru, keys: Sequence[str], size: int = 1) -> int:
    """How many of the keys were there when they were asked for."""
    count = 0
    for key in keys:
        if key in cache:
            cache.touch(key)
            count += 1
        else:
            cache.add(key, size)
    return count


@given(st.lists(_STEP, max_size=200))
def test_it_knows_what_it_holds_and_never_holds_too_much(steps: list[tuple[str, str, int]]) -> None:
    order, model = S3Fifo(800), dict[str, int]()

    for step, key, size in steps:
        gone: list[str] = []
        if step == "add":
            gone = order.add(key, size)
            assert key not in gone
            model[key] = size
        elif step == "touch":
            order.touch(key)
        elif step == "remove":
            assert order.remove(key) == (model.pop(key, None) is not None)
        else:
            before = order.bytes
            gone = order.shrink(size)
            assert order.bytes <= max(0, before - size)
        for each in gone:
            del model[each]

        assert sorted(order.keys()) == sorted(model)
        assert order.bytes == sum(model.values()) <= order.max_bytes
        assert len(order) == len(model)
        assert all(each in order for each in model)


def test_a_crawl_of_all_pictures_leaves_what_is_asked_for_again() -> None:
    hot = [f"hot {number}" for number in range(500)]
    crawl = [f"crawled {number}" for number in range(10_000)]
    order, lru = S3Fifo(1000), Lru(1000)
    for cache in (order, lru):
        hits(cache, hot * 3)

        hits(cache, crawl)

    assert sum(key in order for key in hot) >= 490
    assert sum(key in lru for key in hot) == 0


@pytest.mark.parametrize("share", [100, 20, 5])
def test_it_hits_more_often_than_lru_where_few_pictures_are_popular(share: int) -> None:
    count = 5000
    weights = list(accumulate(1 / (rank + 1) ** 0.8 for rank in range(count)))
    names = [str(number) for number in range(count)]
    keys = random.Random(1).choices(names, cum_weights=weights, k=40_000)

    order, lru = S3Fifo(count // share), Lru(count // share)

    assert hits(order, keys) >= hits(lru, keys)


def test_what_comes_back_soon_after_it_had_to_go_stays() -> None:
    order = S3Fifo(100)
    hits(order, ["a", *(f"first {number}" for number in range(100))])
    assert "a" not in order

    hits(order, ["a", *(f"second {number}" for number in range(95))])

    assert "a" in order


def test_what_was_popular_once_gives_way_in_the_end() -> None:
    order = S3Fifo(100)
    old = [f"old {number}" for number in range(90)]
    hits(order, old * 4)

    for day in range(10):
        hits(order, [f"day {day}, {number}" for number in range(90)] * 4)

    assert not any(key in order for key in old)


@pytest.mark.parametrize(("size", "admitted"), [(0, False), (1, True), (12, True), (13, False)])
def test_nothing_may_take_more_than_an_eighth(size: int, admitted: bool) -> None:
    order = S3Fifo(100)

    assert order.admits(size) == admitted
    if not admitted:
        with pytest.raises(ValueError, match="expected a size that is admitted, got"):
            order.add("a", size)


def test_a_cache_of_nothing_holds_nothing() -> None:
    order = S3Fifo(0)

    assert not order.admits(1)
    assert order.shrink(10) == []
    with pytest.raises(ValueError, match="expected 0 or more, got -1"):
        S3Fifo(-1)


def test_another_size_of_a_key_replaces_the_first() -> None:
    order = S3Fifo(100)
    for number in range(10):
        order.add(str(number), 10)

    evicted = order.add("9", 12)

    assert evicted == ["0"]
    assert order.bytes == 92


def test_names_of_what_had_to_go_are_bounded_too() -> None:
    order = S3Fifo(80)

    for number in range(70_000):
        order.add(str(number), 1)

    assert len(order._ghosts) <= 80
