"""What a purge, and news from elsewhere, do to what is known."""

from __future__ import annotations

import asyncio

import pytest

from cache.pointer import Pointer
from cache.pointers import Pointers
from cache.purges import Purge, Purges
from tests.cache.pointers.looking import CAT, TTL, Clock, Gallery, hold, until


def seen(version: str | None, checked: float) -> Pointer:
    return Pointer(version, None, None, None, checked)


@pytest.mark.parametrize(
    ("scope", "name"), [("source", CAT), ("prefix", "local:///"), ("prefix", "")]
)
async def test_a_purged_source_is_looked_at_before_it_is_served(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock, scope: str, name: str
) -> None:
    await pointers.get(CAT)
    gallery.versions[CAT] = "two"

    purges.apply(Purge(scope, name, clock.milliseconds))  # type: ignore[arg-type]

    assert pointers.peek(CAT) is None
    assert (await pointers.get(CAT)).validator == "two"


async def test_a_purge_that_was_before_the_look_changes_nothing(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    await pointers.get(CAT)

    purges.apply(Purge("source", CAT, clock.milliseconds - 1))

    assert pointers.peek(CAT)


async def test_after_a_purge_by_a_fast_clock_one_look_is_enough(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    await pointers.get(CAT)

    purges.apply(Purge("source", CAT, clock.milliseconds + 3_600_000))
    await pointers.get(CAT)
    await pointers.get(CAT)

    assert pointers.peek(CAT)
    assert len(gallery.looks) == 2


async def test_a_purged_source_that_cannot_be_looked_at_is_not_served(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")

    purges.apply(Purge("source", CAT, clock.milliseconds))

    with pytest.raises(OSError, match="down"):
        await pointers.get(CAT)


async def test_a_look_that_began_before_a_purge_does_not_count_after_it(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    gate = gallery.gate = asyncio.Event()
    early = await hold(gallery, pointers.get(CAT))
    clock.now += 1
    gallery.versions[CAT] = "two"
    purges.apply(Purge("source", CAT, clock.milliseconds))
    late = await hold(gallery, pointers.get(CAT))
    clock.now += 1

    gate.set()

    assert (await late).validator == "two"
    assert (await early).validator in ("one", "two")
    assert (await pointers.get(CAT)).validator == "two"
    assert len(gallery.looks) == 2


async def test_a_look_that_a_purge_overtook_is_not_kept(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    gallery.gate = asyncio.Event()
    early = await hold(gallery, pointers.get(CAT))
    clock.now += 1
    purges.apply(Purge("source", CAT, clock.milliseconds))
    clock.now += 1

    gallery.gate.set()
    await early

    assert pointers.peek(CAT) is None


async def test_nor_is_it_if_the_clock_was_set_back_meanwhile(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    early_gate, late_gate = asyncio.Event(), asyncio.Event()
    gallery.gate = early_gate
    early = await hold(gallery, pointers.get(CAT))
    clock.now -= 10
    gallery.versions[CAT] = "two"
    gallery.gate = late_gate
    purges.apply(Purge("source", CAT, clock.milliseconds))
    late = await hold(gallery, pointers.get(CAT))
    clock.now += 20

    for gate, look in ((late_gate, late), (early_gate, early)):
        gate.set()
        await look

    assert (await pointers.get(CAT)).validator == "two"


async def test_what_a_fetch_found_is_believed(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    clock.now += 1

    pointers.note(CAT, seen("two", clock.now))

    assert (await pointers.get(CAT)).validator == "two"
    assert len(gallery.looks) == 1


async def test_what_was_found_before_the_latest_look_or_purge_is_not_believed(
    pointers: Pointers, gallery: Gallery, purges: Purges, clock: Clock
) -> None:
    await pointers.get(CAT)

    pointers.note(CAT, seen("none", clock.now - 1))
    assert (await pointers.get(CAT)).validator == "one"

    purges.apply(Purge("source", CAT, clock.milliseconds))
    pointers.note(CAT, seen("none", clock.now))
    assert pointers.peek(CAT) is None


async def test_a_look_does_not_undo_what_was_found_since_it_began(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    gallery.gate = asyncio.Event()
    look = await hold(gallery, pointers.get(CAT))
    clock.now += 1

    pointers.note(CAT, seen("two", clock.now))
    gallery.gate.set()

    assert (await look).validator == "two"
    assert (await pointers.get(CAT)).validator == "two"


async def test_what_was_found_in_the_future_was_found_now(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    pointers.note(CAT, seen("two", clock.now + 86_400))

    clock.now += TTL / 2
    await pointers.get(CAT)
    await until(lambda: pointers.peek(CAT))

    assert (await pointers.get(CAT)).validator == "one"


async def test_a_forgotten_source_is_unknown(pointers: Pointers, gallery: Gallery) -> None:
    await pointers.get(CAT)
    gallery.versions[CAT] = "two"

    pointers.forget(CAT)
    pointers.forget("local:///never-seen.jpg")

    assert pointers.peek(CAT) is None
    assert (await pointers.get(CAT)).validator == "two"
