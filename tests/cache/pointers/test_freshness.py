"""How long a version is believed, and what is served when the source says nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from cache.pointer import Pointer
from cache.pointers import Pointers
from tests.cache.pointers.looking import (
    CAT,
    NEGATIVE_TTL,
    STALE_FOR,
    TTL,
    Clock,
    Gallery,
    Open,
    until,
)


async def test_an_unknown_source_is_looked_at(pointers: Pointers, clock: Clock) -> None:
    pointer = await pointers.get(CAT)

    assert pointer == Pointer("one", None, None, None, clock.now)
    assert pointers.counts == {"look": 1}


@pytest.mark.parametrize("age", [0.0, TTL / 2 - 1])
async def test_a_young_pointer_is_served_without_a_look(
    pointers: Pointers, gallery: Gallery, clock: Clock, age: float
) -> None:
    known = await pointers.get(CAT)

    clock.now += age

    assert pointers.peek(CAT) == await pointers.get(CAT) == known
    assert len(gallery.looks) == 1


async def test_a_pointer_past_half_its_time_is_served_while_it_is_renewed(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    known = await pointers.get(CAT)
    gallery.versions[CAT] = "two"
    clock.now += TTL / 2

    assert pointers.peek(CAT) is None
    assert [await pointers.get(CAT) for _ in range(10)] == [known] * 10
    await until(lambda: pointers.peek(CAT))

    renewed = await pointers.get(CAT)
    assert (renewed.validator, renewed.checked) == ("two", clock.now)
    assert len(gallery.looks) == 2
    assert pointers.counts["revalidation"] == 1


async def test_a_pointer_past_its_time_waits_for_the_look(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.versions[CAT] = "two"
    clock.now += TTL

    assert (await pointers.get(CAT)).validator == "two"
    assert pointers.counts["stale"] == 0


async def test_a_late_look_is_not_waited_for_and_counts_when_it_comes(
    pointers_with: Open, gallery: Gallery, clock: Clock
) -> None:
    pointers = pointers_with(patience=0.01)
    await pointers.get(CAT)
    gallery.versions[CAT] = "two"
    gallery.gate = asyncio.Event()
    clock.now += TTL

    assert (await pointers.get(CAT)).validator == "one"
    gallery.gate.set()
    await until(lambda: pointers.peek(CAT))

    assert (await pointers.get(CAT)).validator == "two"
    assert len(gallery.looks) == 2


async def test_a_source_that_hangs_costs_patience_once(
    pointers_with: Open, gallery: Gallery, clock: Clock
) -> None:
    pointers = pointers_with(patience=0.2)
    await pointers.get(CAT)
    gallery.gate = asyncio.Event()
    clock.now += TTL
    await pointers.get(CAT)

    begun = time.monotonic()
    for _ in range(100):
        await pointers.get(CAT)

    assert time.monotonic() - begun < 10
    assert pointers.counts["stale"] == 101


async def test_a_failing_source_is_served_stale_and_asked_ever_more_seldom(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")
    clock.now += TTL

    looks = []
    for _ in range(200):
        assert (await pointers.get(CAT)).validator == "one"
        looks.append(len(gallery.looks) - 1)
        clock.now += 0.5

    # After 0, 1, 3, 7, 15, 31, 61 and 91 seconds.
    assert [looks.index(number) / 2 for number in range(1, 9)] == [0, 1, 3, 7, 15, 31, 61, 91]
    assert looks[-1] == 8
    assert pointers.counts["stale"] == 200


async def test_a_source_that_works_again_is_believed_again(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")
    clock.now += TTL
    await pointers.get(CAT)

    gallery.error = None
    gallery.versions[CAT] = "two"
    clock.now += 1

    assert (await pointers.get(CAT)).validator == "two"


async def test_a_clock_that_was_set_back_makes_no_rest_longer(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")
    clock.now += 10 * TTL
    await pointers.get(CAT)
    clock.now -= 5 * TTL

    await pointers.get(CAT)

    assert len(gallery.looks) == 3


async def test_a_failure_behind_an_answer_is_not_tried_again_at_once(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")
    clock.now += TTL / 2

    for _ in range(10):
        assert (await pointers.get(CAT)).validator == "one"
        await asyncio.sleep(0.001)

    assert len(gallery.looks) == 2


async def test_nothing_is_served_stale_for_ever(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    gallery.error = OSError("down")

    clock.now += TTL + STALE_FOR - 1
    assert (await pointers.get(CAT)).validator == "one"
    clock.now += 1
    with pytest.raises(OSError, match="down"):
        await pointers.get(CAT)


async def test_the_failure_of_a_first_look_is_the_callers(
    pointers: Pointers, gallery: Gallery
) -> None:
    gallery.error = OSError("down")

    with pytest.raises(OSError, match="down"):
        await pointers.get(CAT)
    gallery.error = None

    assert (await pointers.get(CAT)).validator == "one"


async def test_a_missing_source_is_known_for_a_short_time_and_never_longer(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    del gallery.versions[CAT]
    assert (await pointers.get(CAT)).validator is None
    gallery.versions[CAT] = "one"

    clock.now += NEGATIVE_TTL - 1
    assert (await pointers.get(CAT)).validator is None
    assert pointers.peek(CAT) is not None
    clock.now += 1
    assert pointers.peek(CAT) is None
    assert (await pointers.get(CAT)).validator == "one"


async def test_a_missing_source_is_not_served_stale(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    del gallery.versions[CAT]
    await pointers.get(CAT)
    gallery.error = OSError("down")
    clock.now += NEGATIVE_TTL

    with pytest.raises(OSError, match="down"):
        await pointers.get(CAT)


async def test_a_source_that_was_removed_is_missing_at_the_next_look(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    del gallery.versions[CAT]
    clock.now += TTL

    assert (await pointers.get(CAT)).validator is None


async def test_a_clock_that_was_set_back_makes_no_pointer_last_longer(
    pointers: Pointers, gallery: Gallery, clock: Clock
) -> None:
    await pointers.get(CAT)
    clock.now -= 86_400
    assert pointers.peek(CAT)
    gallery.versions[CAT] = "two"

    clock.now += TTL

    assert (await pointers.get(CAT)).validator == "two"
