"""Nobody ever gets a wrong variant: a type that he did not offer, or bytes of another plan, version
or tenant, whatever was asked, purged and overwritten before.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from cache.purges import Scope
from origin.services import Services
from tests.origin.live import Origin
from tests.origin.variant_client import ALLOWED, Client
from tests.origin.variant_oracle import (
    MARK,
    PLAIN,
    SOURCES,
    TAGS,
    Accept,
    Wish,
    some_accept,
    some_wish,
)
from tests.origin.variant_world import World, open_world

# Of each server. `make variants` asks for 20,000 of each, which takes a minute of a core.
REQUESTS = int(os.environ.get("SAFELIGHT_TEST_REQUESTS", "6000"))
TTL = 10.0
PAGES = (*ALLOWED, "https://c.example")
PURGES: tuple[tuple[Scope, str], ...] = (
    *(("source", source) for source in (*SOURCES, MARK)),
    *(("prefix", prefix) for prefix in ("local:///", "local:///a/", "s3://", "s3://alpha/", "")),
    *(("tag", tag) for tag in TAGS.values()),
)


async def play(
    services: Services, folder: Path, seed: int, requests: int, auto: tuple[str, ...]
) -> Counter[str]:
    """So many requests, often of the same few wishes, while everything changes."""
    chance = random.Random(seed)
    async with open_world(
        services, folder, ttl=TTL, memory_bytes=200_000, auto_formats=auto, cors=",".join(ALLOWED)
    ) as world:
        client = Client(world, auto)
        for reference in (*SOURCES, MARK):
            change(chance, world, reference)
        # Those come first, and so often, that can be answered the short way.
        wishes = sorted((some_wish(chance) for _ in range(50)), key=lambda wish: not wish.kept_near)
        accepts = [some_accept(chance) for _ in range(4)]
        while requests > 0:
            disturb(chance, world, wishes, accepts)
            many = chance.choice((1,) * 40 + (2, 6))
            requests -= many
            asked = [one_request(chance, client, wishes, accepts, many) for _ in range(many)]
            if many == 1:
                await asked[0]
            else:
                async with asyncio.TaskGroup() as tasks:
                    for one in asked:
                        tasks.create_task(one)
                    if chance.random() < 0.3:
                        tasks.create_task(meanwhile(chance, world))
        return client.counts


async def one_request(
    chance: random.Random, client: Client, wishes: list[Wish], accepts: list[Accept], many: int
) -> None:
    # Some are asked for often.
    wish = wishes[int(len(wishes) * chance.random() ** 4)]
    accept = accepts[int(len(accepts) * chance.random() ** 2)]
    etag = chance.choice(client.latest) if client.latest and chance.random() < 0.08 else ""
    page = chance.choice(PAGES) if chance.random() < 0.1 else ""
    twice = many == 1 and chance.random() < 0.02
    await client.ask(wish, accept, etag=etag, page=page, twice=twice)


async def meanwhile(chance: random.Random, world: World) -> None:
    for _ in range(chance.randint(0, 12)):
        await asyncio.sleep(0)
    if chance.random() < 0.7:
        change(chance, world, chance.choice((*SOURCES, MARK)))
    if chance.random() < 0.4:
        world.purge(*chance.choice(PURGES))


def disturb(chance: random.Random, world: World, wishes: list[Wish], accepts: list[Accept]) -> None:
    gone = [name for name, states in world.history.states.items() if states[-1].number is None]
    if chance.random() < (0.02 if gone else 0.002):
        change(chance, world, chance.choice(gone or (*SOURCES, MARK)))
        if chance.random() < 0.3:
            world.purge(*chance.choice(PURGES))
    if chance.random() < 0.0005:
        world.purge(*chance.choice(PURGES))
    if chance.random() < 0.002:
        world.clock.tick(chance.choice((0.1, 1.0, TTL / 2, 2 * TTL)))
    if chance.random() < 0.004:
        wish = some_wish(chance)
        if wish.kept_near:
            wishes[chance.randrange(25)] = wish
        else:
            wishes[chance.randrange(25, 50)] = wish
        accepts[chance.randrange(len(accepts))] = some_accept(chance)


def change(chance: random.Random, world: World, reference: str) -> None:
    if world.history.states[reference] and chance.random() < 0.1:
        world.remove(reference)
    else:
        world.put(reference, chance.choice(PLAIN), moves=chance.random() < 0.2)


@pytest.fixture(autouse=True)
def no_logs() -> Iterator[None]:
    """A line for each of 100,000 requests takes longer than the requests."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.configure(**before)


@pytest.mark.parametrize(
    ("seed", "auto"),
    [(1, ("avif", "webp")), (2, ("avif", "webp")), (3, ("webp", "avif")), (4, ("webp",)), (5, ())],
)
@pytest.mark.asyncio(loop_scope="session")
async def test_in_thousands_of_requests_each_gets_what_it_asked_for(
    opened: Origin, tmp_path: Path, seed: int, auto: tuple[str, ...]
) -> None:
    async with asyncio.timeout(300):
        counts = await play(opened.services, tmp_path, seed, REQUESTS, auto)

    assert counts.total() >= REQUESTS
    assert min(counts["200 fast"], counts["200 slow"]) > REQUESTS / 10
    assert min(counts["304 fast"], counts["404 slow"]) > REQUESTS / 2000


class Machine(RuleBasedStateMachine):
    """The same, in whatever order Hypothesis finds worth trying; it tells the shortest that fails.

    services, folder: put in by the test.
    """

    services: Services
    folder: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.opened = open_world(self.services, self.folder, ttl=TTL, cors=",".join(ALLOWED))
        self.world = self.runner.run(self.opened.__aenter__())
        self.client = Client(self.world, self.services.settings.auto_formats)
        for reference in (*SOURCES, MARK):
            self.world.put(reference)

    def teardown(self) -> None:
        self.runner.run(self.opened.__aexit__(None, None, None))
        self.runner.close()

    @rule(seed=st.integers(0, 30), accept=st.integers(0, 30), many=st.integers(1, 4))
    def ask(self, seed: int, accept: int, many: int) -> None:
        wish, accepted = some_wish(random.Random(seed)), some_accept(random.Random(accept))

        async def together() -> None:
            async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
                for _ in range(many):
                    tasks.create_task(self.client.ask(wish, accepted, twice=True))

        self.runner.run(together())

    @rule(reference=st.sampled_from((*SOURCES, MARK)), kind=st.sampled_from(PLAIN))
    def overwrite(self, reference: str, kind: str) -> None:
        self.world.put(reference, kind)

    @rule(reference=st.sampled_from((*SOURCES, MARK)))
    def remove(self, reference: str) -> None:
        self.world.remove(reference)

    @rule(what=st.sampled_from(PURGES))
    def purge(self, what: tuple[Scope, str]) -> None:
        self.world.purge(*what)

    @rule(seconds=st.sampled_from((1e-3, 0.1, TTL / 2, TTL, 2 * TTL)))
    def wait(self, seconds: float) -> None:
        self.world.clock.tick(seconds)


def test_in_no_order_of_events_does_anyone_get_a_wrong_variant(
    opened: Origin, tmp_path: Path
) -> None:
    attributes = {"services": opened.services, "folder": tmp_path}
    machine = type("OpenedMachine", (Machine,), attributes)

    run_state_machine_as_test(
        machine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
    )
