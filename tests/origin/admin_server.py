"""An admin port on a real server in a thread, and the command that talks to it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvicorn
from starlette.types import ASGIApp

from cache.purges import Scope
from origin.cli import main
from origin.connections import Connections
from origin.patience import WITH_OPERATORS
from origin.protocol import make_protocol
from origin.purge_report import PurgeReport
from origin.warming import Warmed, WarmResult, offers_of, warm
from transforms.dialects.imgproxy import Imgproxy
from transforms.plan import Plan

HOST = "https://cdn.example/signature-of-some-kind"
_PATIENCE = 30.0


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Safelight = Callable[..., Outcome]


def runner(capsys: pytest.CaptureFixture[str]) -> Safelight:
    """Runs the command in this process."""

    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        printed = capsys.readouterr()
        return Outcome(int(caught.value.code or 0), printed.out, printed.err)

    return run


@dataclass(frozen=True)
class Served:
    """An application that answers at `url`."""

    url: str
    server: uvicorn.Server

    def kill(self) -> None:
        """Connections break off and nothing listens any more; may be called from a request."""
        self.server.should_exit = self.server.force_exit = True
        for listener in self.server.servers:
            listener.close()
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()


@contextmanager
def serving(app: ASGIApp, port: int = 0) -> Iterator[Served]:
    """On a free port, if none is given."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        config = uvicorn.Config(
            app,
            http=make_protocol(Connections(patience=WITH_OPERATORS)),
            ws="none",
            log_config=None,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            wait(lambda: server.started)
            yield Served(f"http://127.0.0.1:{listener.getsockname()[1]}", server)
        finally:
            server.should_exit = True
            thread.join(_PATIENCE)
    assert not thread.is_alive()


def wait(condition: Callable[[], bool]) -> None:
    """Waits for what comes soon, or fails."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


@dataclass
class Purges:
    """Remembers what was purged and reports what it was made with."""

    tiers: dict[str, str] = field(default_factory=lambda: {"memory": "dropped"})
    missing: tuple[str, ...] = ()
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def purge(self, scope: Scope, name: str) -> PurgeReport:
        self.asked.append((scope, name))
        tags = () if scope == "prefix" else ("s-0123456789abcdef", "shop")
        return PurgeReport(
            scope,
            name,
            generation=len(self.asked),
            tiers=self.tiers,  # type: ignore[arg-type]
            reached=("web-1", "web-2"),
            missing=self.missing,
            tags=tags,
            within_s=60.0,
        )


@dataclass
class Oven:
    """The real warming, but nothing is rendered: `made` holds the plans, and makes hits of them.

    broken: parts of sources that cannot be made. batches: how many paths each request had.
    before: called with every plan, may raise.
    """

    broken: Sequence[str] = ()
    only_presets: bool = False
    before: Callable[[Plan], None] = lambda _plan: None
    made: dict[Plan, int] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)

    def warm(self, paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        self.batches.append(len(paths))
        presets = {"thumb": "w:300", "big": "w:900"}
        dialect = Imgproxy(presets=presets, only_presets=self.only_presets)
        offers = offers_of(("avif", "webp"))
        return warm(paths, read=dialect.parse, offers=offers, make=self.make, at_once=4)

    async def make(self, plan: Plan) -> Warmed:
        self.before(plan)
        if any(part in plan.source for part in self.broken):
            raise ValueError("made of nothing")
        self.made[plan] = self.made.get(plan, 0) + 1
        return Warmed("made" if self.made[plan] == 1 else "hit", 1000)

    @property
    def sources(self) -> set[str]:
        return {plan.source for plan in self.made}


def listed(*names: str, name: str = "list.txt") -> str:
    """A file of URLs in the present folder."""
    Path(name).write_text("".join(f"{HOST}/w:300/plain/local:///{one}\n" for one in names))
    return name
