"""Sources on a ring of nodes: the same place every time, few of them moved, none overloaded."""

from __future__ import annotations

from collections import Counter

import pytest

from loadtests.simulation.ring import Ring

SOURCES = [f"photos/{number}.jpg" for number in range(3000)]


def test_a_source_has_one_place_on_every_ring_of_the_same_nodes() -> None:
    one, other = Ring(["a", "b", "c"]), Ring(["c", "a", "b"])

    places = [one.place(source) for source in SOURCES]

    assert [other.place(source) for source in SOURCES] == places
    assert [one.place(source) for source in SOURCES] == places


def test_nodes_have_about_the_same_number_of_sources() -> None:
    ring = Ring("abcd")

    counts = Counter(ring.place(source) for source in SOURCES)

    assert set(counts) == set("abcd")
    assert max(counts.values()) < 1.4 * len(SOURCES) / 4


def test_a_node_that_leaves_moves_its_own_sources_alone() -> None:
    ring = Ring("abcd")
    before = {source: ring.place(source) for source in SOURCES}

    ring.leave("b")
    after = {source: ring.place(source) for source in SOURCES}

    assert "b" not in after.values()
    assert all(after[source] == place for source, place in before.items() if place != "b")


def test_a_node_that_joins_takes_its_share_and_nothing_else_moves() -> None:
    ring = Ring("abc")
    before = {source: ring.place(source) for source in SOURCES}

    ring.join("d")
    moved = {source for source, place in before.items() if ring.place(source) != place}

    assert {ring.place(source) for source in moved} == {"d"}
    assert 0.15 < len(moved) / len(SOURCES) < 0.35


def test_one_hot_source_spills_over_to_the_next_node_when_there_is_a_bound() -> None:
    free, bounded = Ring("abcd"), Ring("abcd", factor=1.25)

    at_one = Counter(free.place("hot") for _ in range(1000))
    spread = Counter(bounded.place("hot") for _ in range(1000))

    assert len(at_one) == 1
    assert max(spread.values()) <= 0.33 * 1000
    assert len(spread) == 4


def test_a_ring_without_nodes_and_a_bound_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="ring with nodes"):
        Ring([]).place("a")
    with pytest.raises(ValueError, match="factor"):
        Ring("ab", factor=1.0)
