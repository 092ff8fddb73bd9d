"""The application over sources in memory, by a clock that stands still, with a pool of no pixels.

What the pool makes is text: the plan's name, and the bytes of every source that went in.
"""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from aiocache.backends.memory import SimpleMemoryCache
from aiocache.serializers import NullSerializer
from starlette.types import ASGIApp, Message

from cache.flight import Flights
from cache.memory import MemoryCache
from cache.pointers import Pointers
from cache.purges import Purge, Purges
from cache.purges import Scope as Kind
from cache.tier import Tier
from cache.tiers import Placed, Tiers
from origin.access import AccessLog
from origin.app import Application
from origin.caching import looking_at
from origin.hot import Hot
from origin.kept_sources import keep_sources
from origin.picture_file import PictureFile, sealed_picture
from origin.rules import make_rules
from origin.services import Services
from origin.sources.errors import SourceChanged, SourceNotFound
from origin.sources.router import Sources
from origin.sources.source import Blob, Version
from origin.variants import failure_seconds
from origin.workers import Workers
from tests.origin.live import signed
from tests.origin.variant_oracle import History, State
from transforms.encode import Encoded
from transforms.plan import Plan

CONFIG = """
[presets]
thumb = "rs:fill:30:20"
[[policies]]
preset = "thumb"
tags = ["thumbs"]
ttl = 50
[[policies]]
prefix = "local:///a/"
tags = ["folder"]
ttl = 100
[[policies]]
prefix = "s3://alpha/"
tags = ["bucket"]
results = ["redis"]
[[policies]]
prefix = "s3://beta/"
results = []
"""
_EXTENSIONS = {"jpeg": "jpg"}


class Clock:
    """Seconds since the epoch, which pass when a test says so."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float = 2e-5) -> float:
        self.now += seconds
        return self.now


@dataclass(frozen=True)
class Shelf:
    """A `Source` over the latest states. Versions of different sources look alike."""

    history: History
    prefix: str

    async def stat(self, key: str) -> Version:
        return self._latest(key)[0]

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        found, data = self._latest(key)
        await asyncio.sleep(0)
        if version is not None and version.validator != found.validator:
            raise SourceChanged(key, expected=version.validator, found=found.validator)
        return Blob(found, sealed_picture(data))

    def _latest(self, key: str) -> tuple[Version, bytes]:
        state = self.history.states[self.prefix + key][-1]
        if state.number is None:
            raise SourceNotFound(f"{key}: there is none")
        return Version(f"v{state.number}", 1000, 1e9), state.data(self.prefix + key)


class Pool:
    """In place of workers, as quick as a thought. begun: how often it had one.

    more: what else is in every result.
    """

    count = 1

    def __init__(self) -> None:
        self.begun = 0
        self.more = b""

    async def render(
        self,
        plan: Plan,
        source: PictureFile,
        assets: Mapping[str, PictureFile],
        *,
        dear: bool = False,
        started: Callable[[], None] = lambda: None,
        **_order: bool,
    ) -> Encoded:
        self.begun += 1
        started()
        await asyncio.sleep(0)
        lines = [source.read(), *(file.read() for file in assets.values())]
        kind = _chosen(plan, lines[0].decode().split()[2:])
        body = b"\n".join([plan.canonical().encode(), *lines]) + self.more
        extension = _EXTENSIONS.get(kind, kind)
        return Encoded(body, f"image/{kind}", extension, 20, 20, 1, 40, 40)


def _chosen(plan: Plan, traits: list[str]) -> str:
    """As `choose_codec` does: AVIF holds no animation here."""
    own, moves = traits
    if plan.output.format is not None:
        return str(plan.output.format)
    names = [str(name) for name in plan.output.offers]
    return next((name for name in (*names, own) if name != "avif" or moves == "0"), own)


@dataclass(frozen=True)
class Answer:
    """fast: it came the short way."""

    status: int
    headers: dict[str, str]
    body: bytes
    fast: bool = False


Fields = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class World:
    services: Services
    hot: Hot
    app: ASGIApp
    clock: Clock
    history: History
    pool: Pool
    log: AccessLog
    lines: io.StringIO

    def put(self, reference: str, kind: str = "jpeg", *, moves: bool = False) -> None:
        """Another picture under the same name."""
        states = self.history.states[reference]
        states.append(State(len(states), self.clock.tick(), kind, moves))

    def remove(self, reference: str) -> None:
        self.history.states[reference].append(State(None, self.clock.tick()))

    def purge(self, scope: Kind, name: str) -> None:
        purges = self.services.variants.purges
        assert purges.apply(Purge(scope, name, purges.next_at(self.clock.tick())))
        self.history.purges[scope, name] = self.clock.tick()

    def scope(self, target: str, fields: Fields = (), method: str = "GET") -> dict[str, Any]:
        """As uvicorn makes it."""
        return {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": target,
            "raw_path": target.encode(),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in fields],
        }

    def ask_hot(self, scope: dict[str, Any]) -> Answer | None:
        """What the protocol would write, if it asked."""
        answer = self.hot.answer(scope)
        if answer is None:
            return None
        head, *lines = (answer.head + answer.rest).decode("latin-1").split("\r\n")
        assert lines[-2:] == ["", ""]
        return Answer(int(head.split(" ")[1]), _fields(lines[:-2]), answer.body, fast=True)

    async def ask_slow(self, scope: dict[str, Any]) -> Answer:
        started: list[Message] = []
        body = bytearray()
        present = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive() -> Message:
            for message in present:
                return message
            await asyncio.get_running_loop().create_future()
            raise AssertionError("the client stays")

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
            else:
                body.extend(message.get("body", b""))

        await self.app(scope, receive, send)
        lines = [f"{name.decode()}: {value.decode()}" for name, value in started[0]["headers"]]
        return Answer(started[0]["status"], _fields(lines), bytes(body))

    async def ask(self, scope: dict[str, Any]) -> Answer:
        """As the protocol does it."""
        return self.ask_hot(scope) or await self.ask_slow(scope)

    async def get(self, path: str, *fields: tuple[str, str]) -> Answer:
        return await self.ask(self.scope(signed(path), fields))


def _fields(lines: Sequence[str]) -> dict[str, str]:
    named = [line.split(": ", 1) for line in lines]
    assert len({name for name, _ in named}) == len(named), "a field came twice"
    return dict(named)


@asynccontextmanager
async def open_world(
    services: Services,
    folder: Path,
    *,
    ttl: float = 60.0,
    memory_bytes: int = 1 << 20,
    **changes: Any,
) -> AsyncIterator[World]:
    """Services like these, with settings of their own. ttl: of pointers."""
    config = folder / "safelight.toml"
    config.write_text(CONFIG)
    settings = services.settings.model_copy(update={"config": config, **changes})
    clock, history, purges, pool = Clock(), History(ttl), Purges(), Pool()
    router = Sources(
        {
            "local": {"": Shelf(history, "local:///")},
            "s3": {name: Shelf(history, f"s3://{name}/") for name in ("alpha", "beta")},
        }
    )
    flights: Flights[str, Any] = Flights(
        deadline=60, lifetime=lambda error: failure_seconds(error, negative_ttl=0), clock=clock
    )
    pointers = Pointers(
        looking_at(router), ttl=ttl, negative_ttl=ttl / 6, purges=purges, patience=60, clock=clock
    )
    second = SimpleMemoryCache(serializer=NullSerializer())  # type: ignore[no-untyped-call]
    tiers = Tiers(
        [
            Placed(Tier("memory", MemoryCache(memory_bytes), framed=False), behind=False),
            Placed(Tier("redis", second, framed=True), shared=True),
        ]
    )
    async with keep_sources(router, purges, max_bytes=1 << 20, seconds=10, timeout=60) as sources:
        variants = replace(
            services.variants,
            renderer=replace(
                services.variants.renderer, sources=sources, workers=cast(Workers, pool)
            ),
            tiers=tiers,
            pointers=pointers,
            purges=purges,
            flights=flights,
        )
        services = replace(
            services,
            settings=settings,
            rules=make_rules(settings),
            variants=variants,
        )
        lines = io.StringIO()
        log = AccessLog(lines)
        app = Application(services, log)
        try:
            yield World(services, app.hot, app, clock, history, pool, log, lines)
        finally:
            await tiers.close()
            await pointers.close()
            await flights.close()
