"""Run the applications on their ports until told to stop.

SIGTERM, SIGINT   not ready ▸ no new connections ▸ requests in hand are answered ▸ exit code 0
a second one      exit at once
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from origin.app import make_app
from origin.operating import make_side_app
from origin.protocol import BoundedProtocol
from origin.services import Services, open_services
from origin.settings import Settings, SettingsError

log = structlog.get_logger("safelight")

# Longer than the idle time of the load balancers in use, so that they are the ones to close.
_KEEP_ALIVE = 75
_DRAIN_FACTOR = 2
_BACKLOG = 2048


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Blocks until SIGINT or SIGTERM. SettingsError if it cannot start.

    on_ready: called with the base URL once images are answered.
    """
    with contextlib.ExitStack() as stack:
        images = stack.enter_context(_listen(settings.host, settings.port, "SAFELIGHT_PORT"))
        admin = None
        if settings.admin_port:
            admin = stack.enter_context(
                _listen(settings.host, settings.admin_port, "SAFELIGHT_ADMIN_PORT")
            )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, images, admin, on_ready))


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

    async with open_services(settings) as services:
        await _until_stopped(services, images, admin, announce)
    log.info("stopped")


async def _until_stopped(
    services: Services,
    images: socket.socket,
    admin: socket.socket | None,
    announce: Callable[[], None],
) -> None:
    """The admin port goes on until the last image is out, to say that this server is not ready."""
    settings = services.settings
    server = _Server(_config(make_app(services), settings), announce)
    side_app = make_side_app(services, lambda: server.started and not server.should_exit)
    side = _Server(_config(side_app, settings))
    _on_signal(server.stop)
    async with asyncio.TaskGroup() as tasks:
        if admin is not None:
            tasks.create_task(side.serve(sockets=[admin]))
        await server.serve(sockets=[images])
        side.should_exit = True


class _Server(uvicorn.Server):
    """One of several in a process: leaves signals alone, and calls back once it answers."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None] = lambda: None) -> None:
        super().__init__(config)
        self._announce = announce

    def stop(self) -> None:
        """The first call lets requests in hand finish, a second one does not."""
        log.info("stopping", at_once=self.should_exit)
        self.force_exit = self.should_exit
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own would raise the signal once more at the end, and so kill the process.
        yield


def _on_signal(stop: Callable[[], None]) -> None:
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(one, stop)


def _config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(_DRAIN_FACTOR * settings.timeout) + 1,
    )


def _listen(host: str, port: int, setting: str) -> socket.socket:
    """Listens at once: a port that is only bound can still be taken by another process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(_BACKLOG)
    except (OSError, UnicodeError) as error:
        bound.close()
        reason = getattr(error, "strerror", None) or str(error)
        problem = f"cannot listen on {host} port {port}: {reason}"
        if isinstance(error, UnicodeError | socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            raise SettingsError(
                f"SAFELIGHT_HOST: {problem}; set SAFELIGHT_HOST to an address of this machine"
            ) from error
        raise SettingsError(f"{setting}: {problem}; set {setting} to a free port") from error
    return bound
