"""One look for many, and bounds on how many there are."""

from __future__ import annotations

import asyncio

import pytest

from cache.flight import FlightCancelled
from cache.pointers import Pointers
from tests.cache.pointers.looking import (
    CAT,
    DEADLINE_SECONDS,
    TTL,
    Clock,
    Gallery,
    Open,
    hold,
    until,
)


async def test_many_who_ask_at_once_share_one_look(pointers: Pointers, gallery: Gallery) -> None:
    found = await asyncio.gather(*(pointers.get(CAT) for _ in range(1000)))

    assert {pointer.validator for pointer in found} == {"one"}
    assert len(gallery.looks) == 1


async def test_who_asked_first_may_leave_without_harm_to_the_others(
    pointers: Pointers, gallery: Gallery
) -> None:
    gallery.gate = asyncio.Event()
    first = await hold(gallery, pointers.get(CAT))
    others = [asyncio.ensure_future(pointers.get(CAT)) for _ in range(3)]
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.wait([first])
    gallery.gate.set()

    assert {(await other).validator for other in others} == {"one"}
    assert first.cancelled()
    assert len(gallery.looks) == 1


async def test_a_look_has_a_deadline(pointers_with: Open, gallery: Gallery) -> None:
    pointers = pointers_with(deadline=0.01)
    gallery.gate = asyncio.Event()

    with pytest.raises(TimeoutError):
        await pointers.get(CAT)


async def test_the_least_used_sources_are_forgotten(pointers_with: Open, gallery: Gallery) -> None:
    pointers = pointers_with(most=2)
    for reference in ("a", "b"):
        await pointers.get(reference)
    assert pointers.peek("a")

    await pointers.get("c")

    assert pointers.peek("a")
    assert pointers.peek("c")
    assert pointers.peek("b") is None


async def test_when_closed_looks_end_and_no_others_begin(
    pointers: Pointers, gallery: Gallery, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await pointers.get(CAT)
    gallery.gate = asyncio.Event()
    clock.now += TTL / 2
    await pointers.get(CAT)
    await until(lambda: len(gallery.looks) == 2)
    waiting = await hold(gallery, pointers.get("local:///other.jpg"))

    await pointers.close()

    with pytest.raises(FlightCancelled):
        await waiting
    with pytest.raises(FlightCancelled):
        await pointers.get("local:///another.jpg")
    assert len(asyncio.all_tasks()) == 1
    assert caplog.text == ""


async def test_looks_behind_answers_are_few_and_the_others_are_made_when_they_are_waited_for(
    pointers_with: Open, gallery: Gallery, clock: Clock
) -> None:
    pointers = pointers_with(most_behind=2)
    references = ["a", "b", "c", "d"]
    gallery.versions = dict.fromkeys(references, "one")
    for reference in references:
        await pointers.get(reference)
    gallery.gate = asyncio.Event()
    gallery.looks.clear()

    clock.now += TTL / 2
    for reference in references:
        await pointers.get(reference)
    await until(lambda: len(gallery.looks) == 2)
    gallery.gate = None
    gallery.versions["c"] = "two"
    clock.now += TTL / 2

    assert (await pointers.get("c")).validator == "two"
    assert gallery.looks == ["a", "b", "c"]


async def test_where_too_many_are_behind_a_late_look_ends_with_patience_and_rests(
    pointers_with: Open, gallery: Gallery, clock: Clock
) -> None:
    pointers = pointers_with(most_behind=0, patience=0.01)
    await pointers.get(CAT)
    gallery.gate = asyncio.Event()
    clock.now += TTL

    async with asyncio.timeout(DEADLINE_SECONDS):
        found = await asyncio.gather(*(pointers.get(CAT) for _ in range(10)))
    assert {pointer.validator for pointer in found} == {"one"}
    await pointers.get(CAT)
    assert len(gallery.looks) == 2

    gallery.gate = None
    clock.now += 1
    await pointers.get(CAT)
    assert len(gallery.looks) == 3
