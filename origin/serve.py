"""Run the applications on their ports until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from origin.admin import make_admin
from origin.app import make_app
from origin.services import open_services
from origin.settings import Settings, SettingsError

log = structlog.get_logger("safelight")

# Longer than the idle time of the load balancers in use, so that they are the ones to close.
_KEEP_ALIVE = 75
_DRAIN_FACTOR = 2


class _Announcing(uvicorn.Server):
    """Calls back once requests are answered."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._announce()


class _WithoutSignals(uvicorn.Server):
    """A second server in one process must not take the first one's signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Blocks until SIGINT or SIGTERM. SettingsError if it cannot start.

    on_ready: called with the base URL once images are answered.
    """
    images = _bind(settings.host, settings.port, "SAFELIGHT_PORT")
    admin = (
        _bind(settings.host, settings.admin_port, "SAFELIGHT_ADMIN_PORT")
        if settings.admin_port
        else None
    )
    with images, admin or contextlib.nullcontext():
        _run(_serve(settings, images, admin, on_ready))


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def _serve(
    settings: Settings,
    images: socket.socket,
    admin: socket.socket | None,
    on_ready: Callable[[str], None] | None,
) -> None:
    def announce() -> None:
        host, port = images.getsockname()[:2]
        log.info("ready", host=host, port=port, admin_port=settings.admin_port)
        if on_ready:
            on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async with open_services(settings) as services, asyncio.TaskGroup() as tasks:
        server = _Announcing(_config(make_app(services), settings), announce)
        if admin is None:
            await server.serve(sockets=[images])
            return
        side_app = make_admin(lambda: server.started and not server.should_exit)
        side = _WithoutSignals(_config(side_app, settings))
        tasks.create_task(side.serve(sockets=[admin]))
        await server.serve(sockets=[images])
        side.should_exit = True


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(_DRAIN_FACTOR * settings.timeout) + 1,
    )


def _bind(host: str, port: int, setting: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"{setting}: cannot listen on {host} port {port}: {error.strerror};"
            f" set {setting} to a free port"
        ) from error
    return bound
