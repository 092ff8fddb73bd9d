"""Nobody ever gets a wrong variant: a type that he did not offer, or bytes of another plan, version
or tenant, whatever was asked, purged and overwritten before.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from cache.purges import Scope
from origin.services import Services
from tests.origin.live import Origin, signed
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
from tests.origin.variant_world import Answer, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

TTL = 10.0
PAGES = ("https://a.example", "https://b.example", "https://c.example")
ALLOWED = PAGES[:2]
PURGES: tuple[tuple[Scope, str], ...] = (
    *(("source", source) for source in (*SOURCES, MARK)),
    *(("prefix", prefix) for prefix in ("local:///", "local:///a/", "s3://", "s3://alpha/", "")),
    *(("tag", tag) for tag in TAGS.values()),
)


@dataclass
class Client:
    """Asks, and compares what comes with what must come."""

    world: World
    auto: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.time)
    named: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    """Entity tags, and the bytes and the type that they once stood for."""

    async def ask(
        self, wish: Wish, accept: Accept, *, etag: str = "", page: str = "", twice: bool = False
    ) -> Answer:
        world = self.world
        fields = [("accept", line) for line in accept.lines]
        fields += [("if-none-match", etag)] if etag else []
        fields += [("origin", page)] if page else []
        scope = world.scope(signed(wish.path(self.started)), fields)
        floor, begun = dict(world.history.seen), world.clock.tick()

        answer = await world.ask(scope)

        self._check(wish, accept, answer, floor, begun, etag)
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (page if page in ALLOWED else None)
        if twice and answer.fast:
            slow = await world.ask_slow(scope)
            assert (slow.status, slow.body) == (answer.status, answer.body)
            assert same(slow) == same(answer)
        return answer

    def _check(
        self,
        wish: Wish,
        accept: Accept,
        answer: Answer,
        floor: dict[str, int],
        begun: float,
        etag: str,
    ) -> None:
        history, ended = self.world.history, self.world.clock.now
        self.counts[f"{answer.status} {'fast' if answer.fast else 'slow'}"] += 1
        if wish.expires < 0:
            assert answer.status == 410
            return
        # A tag is of results: that there was nothing is known until the source is looked at again.
        tags = set() if answer.status == 404 else wish.tags
        possible = {
            reference: {
                number
                for number in history.possible(reference, begun, ended, tags)
                if number >= floor.get(reference, 0)
            }
            for reference in wish.references
        }
        if answer.status == 404:
            self._check_absence(wish, possible)
            return
        body, kind = answer.body, answer.headers.get("content-type", "")
        if answer.status == 304:
            assert (etag, body) == (answer.headers["etag"], b"")
            body, kind = self.named[etag]
        else:
            assert (answer.status, int(answer.headers["content-length"])) == (200, len(body))
            assert self.named.setdefault(answer.headers["etag"], (body, kind)) == (body, kind)
            self.latest.append(answer.headers["etag"])
            self._check_headers(wish, answer, kind)
        self._check_body(wish, accept, body, kind, possible)
        if not wish.format and self.auto:
            assert "Accept" in answer.headers["vary"]

    def _check_absence(self, wish: Wish, possible: dict[str, set[int]]) -> None:
        assert None in {
            self.world.history.states[reference][number].number
            for reference, numbers in possible.items()
            for number in numbers
        }, "; ".join(self.account(wish, reference) for reference in wish.references)

    def account(self, wish: Wish, reference: str) -> str:
        """What happened to a source lately, and when."""
        history, now = self.world.history, self.world.clock.now
        states = [
            (state.number, round(now - state.since, 6)) for state in history.states[reference]
        ]
        purges = [(name, round(now - at, 6)) for name, at in history.purges.items()]
        return f"{wish}, states {states[-4:]}, purges {purges}, seen {history.seen[reference]}"

    def _check_headers(self, wish: Wish, answer: Answer, kind: str) -> None:
        extension = {"image/jpeg": "jpg"}.get(kind, kind.removeprefix("image/"))
        assert answer.headers["content-disposition"] == wish.disposition(extension)
        _, *tags = answer.headers["cache-tag"].split(",")
        assert set(tags) == wish.tags
        if wish.expires:
            assert f"max-age={50 if 'pr:thumb' in wish.size else 100}," in (
                answer.headers["cache-control"]
            ) or wish.tags <= {"bucket"}

    def _check_body(
        self, wish: Wish, accept: Accept, body: bytes, kind: str, possible: dict[str, set[int]]
    ) -> None:
        history, offers = self.world.history, accept.offers(self.auto)
        canonical, *pictures = body.decode().split("\n")
        assert canonical == wish.canonical(offers)
        for reference, picture in zip(wish.references, pictures, strict=True):
            fitting = {
                number
                for number in possible[reference]
                if history.states[reference][number].data(reference) == picture.encode()
            }
            assert fitting, (
                f"{picture!r}, expected one of {possible[reference]}, {self.account(wish, reference)}"
            )
            history.seen[reference] = max(history.seen[reference], *fitting)
        allowed = (wish.format,) if wish.format else (*PLAIN, *offers)
        assert kind in {f"image/{name}" for name in allowed}


def same(answer: Answer) -> dict[str, str]:
    varying = ("age", "x-request-id", "cache-status", "date")
    return {name: value for name, value in answer.headers.items() if name not in varying}


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
        wishes = [some_wish(chance) for _ in range(50)]
        accepts = [some_accept(chance) for _ in range(4)]
        while requests > 0:
            disturb(chance, world, wishes, accepts)
            many = chance.choice((1,) * 40 + (2, 6))
            requests -= many
            asked = [one_request(chance, client, wishes, accepts) for _ in range(many)]
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
    chance: random.Random, client: Client, wishes: list[Wish], accepts: list[Accept]
) -> None:
    # Some are asked for often.
    wish = wishes[int(len(wishes) * chance.random() ** 3)]
    accept = accepts[int(len(accepts) * chance.random() ** 2)]
    etag = chance.choice(client.latest) if client.latest and chance.random() < 0.2 else ""
    page = chance.choice(PAGES) if chance.random() < 0.1 else ""
    await client.ask(wish, accept, etag=etag, page=page, twice=chance.random() < 0.02)


async def meanwhile(chance: random.Random, world: World) -> None:
    for _ in range(chance.randint(0, 12)):
        await asyncio.sleep(0)
    if chance.random() < 0.7:
        change(chance, world, chance.choice((*SOURCES, MARK)))
    if chance.random() < 0.4:
        world.purge(*chance.choice(PURGES))


def disturb(chance: random.Random, world: World, wishes: list[Wish], accepts: list[Accept]) -> None:
    if chance.random() < 0.003:
        change(chance, world, chance.choice((*SOURCES, MARK)))
        if chance.random() < 0.3:
            world.purge(*chance.choice(PURGES))
    if chance.random() < 0.001:
        world.purge(*chance.choice(PURGES))
    if chance.random() < 0.003:
        world.clock.tick(chance.choice((0.1, 1.0, TTL / 2, 2 * TTL)))
    if chance.random() < 0.01:
        wishes[chance.randrange(len(wishes))] = some_wish(chance)
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
async def test_in_20_000_requests_each_gets_what_it_asked_for(
    opened: Origin, tmp_path: Path, seed: int, auto: tuple[str, ...]
) -> None:
    async with asyncio.timeout(300):
        counts = await play(opened.services, tmp_path, seed, 20_000, auto)

    print(counts)
    assert counts.total() >= 20_000
    assert min(counts["200 fast"], counts["200 slow"], counts["304 fast"]) > 100
