"""A result is begun while tiers are asked that have had nothing for long."""

from __future__ import annotations

import asyncio
import gc
import random
import weakref
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from cache.tiers import Lookup
from origin.afterwards import Afterwards
from origin.head_start import HeadStart
from tests.cache.unsteady import an_entry

NAMES = ("memory", "redis", "objects")
BOTH, OBJECTS = frozenset({"redis", "objects"}), frozenset({"objects"})
IN_VAIN = Lookup(None, None, NAMES)
IN_REDIS = Lookup(an_entry(), "redis", ("memory",))
IN_OBJECTS = Lookup(an_entry(), "objects", ("memory", "redis"))


class Broken(Exception):
    """What a render fails with."""


@dataclass(slots=True)
class Act:
    """One of the two that run: ends when it is told to, and knows how it ended."""

    end: asyncio.Future[str | None] = field(default_factory=asyncio.Future)
    cancelled: bool = False

    async def __call__(self) -> str | None:
        try:
            return await asyncio.shield(self.end)
        except asyncio.CancelledError:
            self.cancelled = True
            raise

    async def make(self) -> str:
        return str(await self())


@dataclass(slots=True)
class Race:
    """A render and a look, as far as they have come."""

    start: HeadStart
    making: Act = field(default_factory=Act)
    looking: Act = field(default_factory=Act)
    begun: bool = True

    async def run(self, *, seconds: float = 10.0) -> str:
        return await self.start.run(
            self.making.make(),
            self.looking,
            begun=lambda: self.begun,
            end=asyncio.get_running_loop().time() + seconds,
        )

    async def give_what_is_found(self, *, seconds: float = 10.0) -> None:
        """Before anything was made."""
        running = asyncio.create_task(self.run(seconds=seconds))
        await turn()
        self.looking.end.set_result("found")
        assert await running == "found"


@pytest.fixture
async def afterwards() -> AsyncIterator[Afterwards]:
    owner = Afterwards()
    yield owner
    await owner.close(within=0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def race(afterwards: Afterwards) -> Race:
    return Race(HeadStart(afterwards, seconds=0))


async def turn() -> None:
    """Let all tasks go as far as they can."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_it_pays_after_twenty_looks_in_vain_in_a_row_until_something_is_found() -> None:
    start = HeadStart(Afterwards())
    for _ in range(19):
        start.note(IN_VAIN, BOTH)
    assert not start.pays(OBJECTS)
    start.note(IN_VAIN, BOTH)
    assert start.pays(BOTH)
    start.note(IN_OBJECTS, BOTH)
    assert not start.pays(OBJECTS)
    assert not start.pays(BOTH)


def test_each_tier_counts_for_itself_and_those_that_were_not_asked_not_at_all() -> None:
    start = HeadStart(Afterwards())
    for _ in range(20):
        start.note(IN_VAIN, BOTH)
    start.note(IN_REDIS, BOTH)
    assert start.pays(OBJECTS)
    assert not start.pays(BOTH)
    for _ in range(20):
        start.note(IN_VAIN, OBJECTS)
    assert not start.pays(BOTH)


@pytest.mark.parametrize("share", [0.01, 0.03, 1 / 21, 0.1, 0.3])
def test_few_looks_cost_a_result_for_nothing_however_often_something_is_found(share: float) -> None:
    start, chance = HeadStart(Afterwards()), random.Random(share)
    looks, wasted = 50_000, 0
    for _ in range(looks):
        found = chance.random() < share
        wasted += found and start.pays(OBJECTS)
        start.note(IN_OBJECTS if found else IN_VAIN, OBJECTS)
    assert wasted / looks < 0.021


@pytest.mark.parametrize(("had", "counted"), [(None, "used"), ("found", "wasted")])
async def test_what_is_made_first_is_given_and_the_store_is_heard_to_its_end(
    race: Race, had: str | None, counted: str
) -> None:
    running = asyncio.create_task(race.run())
    await turn()
    race.making.end.set_result("made")

    assert await running == "made"
    await turn()
    assert not race.looking.cancelled
    assert not race.start.counts
    race.looking.end.set_result(had)
    await turn()
    assert race.start.counts == {counted: 1}


async def test_a_store_that_had_nothing_after_all_does_not_end_it(race: Race) -> None:
    running = asyncio.create_task(race.run())
    race.looking.end.set_result(None)
    await turn()
    assert not running.done()

    race.making.end.set_result("made")
    assert await running == "made"
    await turn()
    assert race.start.counts == {"used": 1}


async def test_what_the_store_has_is_given_and_the_worker_is_left_to_its_work(race: Race) -> None:
    await race.give_what_is_found()

    await turn()
    assert not race.making.cancelled
    assert race.start.counts == {"wasted": 1}
    race.making.end.set_result("made")


async def test_a_worker_that_is_left_alone_has_no_longer_than_the_request_had(race: Race) -> None:
    await race.give_what_is_found(seconds=0.05)

    async with asyncio.timeout(10):
        while not race.making.cancelled:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_no_worker_has_begun_is_given_up_when_the_store_has_it(race: Race) -> None:
    race.begun = False
    await race.give_what_is_found()

    assert race.making.cancelled
    assert not race.start.counts["wasted"]


async def test_without_room_for_work_that_nobody_waits_for_all_of_it_is_ended() -> None:
    race = Race(HeadStart(Afterwards(most=0), seconds=0))
    await race.give_what_is_found()

    assert race.making.cancelled


async def test_what_cannot_be_made_is_given_if_the_store_has_it(race: Race) -> None:
    running = asyncio.create_task(race.run())
    race.making.end.set_exception(Broken("no source"))
    await turn()
    assert not running.done()

    race.looking.end.set_result("found")
    assert await running == "found"


async def test_why_it_cannot_be_made_is_told_when_the_store_has_nothing(race: Race) -> None:
    running = asyncio.create_task(race.run())
    race.making.end.set_exception(Broken("no source"))
    race.looking.end.set_result(None)

    with pytest.raises(Broken, match="no source"):
        await running
    assert not race.start.counts


async def test_both_end_with_who_waits(race: Race) -> None:
    running = asyncio.create_task(race.run())
    await turn()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert race.making.cancelled
    assert race.looking.cancelled


async def test_a_failure_holds_on_to_nothing_that_the_work_held(race: Race) -> None:
    class Source:
        """A file that is open while there is this."""

    async def make() -> str:
        source = Source()
        held.append(weakref.ref(source))
        raise Broken

    held: list[weakref.ref[Source]] = []
    race.looking.end.set_result(None)
    gc.disable()
    try:
        with pytest.raises(Broken):
            await race.start.run(make(), race.looking, begun=lambda: True, end=1e9)
        await turn()
        assert [each() for each in held] == [None]
    finally:
        gc.enable()
