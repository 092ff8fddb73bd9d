"""Run the applications on their ports until told to stop.

SIGTERM           not ready ▸ goes on for SAFELIGHT_DRAIN_SECONDS ▸ as for SIGINT
SIGINT            not ready ▸ no new connections ▸ requests in hand are answered ▸ exit code 0
a second one      exit at once
SIGHUP            the settings are read again (`origin.reload`)
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import gc
import signal
import socket
from collections.abc import Callable, Iterator

import structlog
import uvicorn
import uvloop
from starlette.types import ASGIApp

from origin.app import Application
from origin.connections import Connections
from origin.descriptors import possible_connections
from origin.heartbeat import heartbeat
from origin.operating import make_side_app
from origin.patience import WITH_OPERATORS, Patience
from origin.protocol import LAST, make_protocol
from origin.reload import Read, reloading
from origin.services import open_services
from origin.settings import Settings, SettingsError

log = structlog.get_logger("safelight")

_DRAIN_FACTOR = 2
_BACKLOG = 2048
# Bytes the kernel keeps for each client that does not take them; it would take 4 MB.
_UNSENT = 131_072
_SAME_WISH_SECONDS = 0.5
_MOST_ADMIN = 100  # probes, a monitor, a few commands


def serve(
    settings: Settings,
    *,
    read: Read | None = None,
    on_ready: Callable[[str], None] | None = None,
    patience: Patience | None = None,
) -> None:
    """Blocks until SIGINT or SIGTERM. SettingsError if it cannot start.

    read: how settings are read again at SIGHUP, which ends the process without it. on_ready:
    called with the base URL once images are answered. patience: with clients of the image port.
    """
    with contextlib.ExitStack() as stack:
        images = stack.enter_context(_listen(settings.host, settings.port, "SAFELIGHT_PORT"))
        admin = None
        if settings.admin_port:
            admin = stack.enter_context(
                _listen(settings.host, settings.admin_port, "SAFELIGHT_ADMIN_PORT")
            )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings, images, admin, read, on_ready, patience or Patience()))


async def _serve(
    settings: Settings,
    images: socket.socket,
    admin: socket.socket | None,
    read: Read | None,
    on_ready: Callable[[str], None] | None,
    patience: Patience,
) -> None:
    asked = asyncio.Event()
    if read is not None:
        # Before anything takes its time: until there is a handler, the signal ends the process.
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)

    def announce() -> None:
        host, port = images.getsockname()[:2]
        # What is there by now stays. Looked through for garbage again and again, it would hold up
        # every answer for a tenth of a second.
        gc.collect()
        gc.freeze()
        log.info("ready", host=host, port=port, admin_port=settings.admin_port)
        if on_ready:
            on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    async with heartbeat(), open_services(settings) as services:
        application = Application(services)
        async with reloading(asked, read, application):
            await _until_stopped(application, images, admin, announce, patience)
    log.info("stopped")


async def _until_stopped(
    application: Application,
    images: socket.socket,
    admin: socket.socket | None,
    announce: Callable[[], None],
    patience: Patience,
) -> None:
    """The admin port goes on until the last image is out, to say that this server is not ready."""
    settings = application.services.settings
    most = possible_connections(settings.max_connections)
    if most < settings.max_connections:
        log.warning(
            "fewer connections: raise `ulimit -n` or lower SAFELIGHT_MAX_CONNECTIONS", most=most
        )
    connections = Connections(most, patience)
    server = _Server(_config(application, settings, connections), announce)
    side_app = make_side_app(
        lambda: application.services,
        lambda: server.started and not server.stopping,
        connections.facts,
    )
    admins = Connections(_MOST_ADMIN, WITH_OPERATORS, port="admin")
    side = _Server(_config(side_app, settings, admins))
    _on_signal(server.stop, drain_seconds=settings.drain_seconds)
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
        self._told_at = 0.0
        self.stopping = False

    def stop(self, *, drain_seconds: float = 0.0) -> None:
        """The first call lets requests in hand finish, and those that come in so many seconds; a
        second one does not. What comes within half a second of the first is the same wish: a
        signal to a group of processes reaches some of them twice.
        """
        now = asyncio.get_running_loop().time()
        if self.stopping and now - self._told_at < _SAME_WISH_SECONDS:
            return
        self._told_at = now
        log.info("stopping", at_once=self.stopping, drain_s=drain_seconds)
        self.force_exit = self.stopping
        if self.stopping or not self.started or not drain_seconds:
            self.should_exit = True
        else:
            asyncio.get_running_loop().call_later(drain_seconds, self._leave)
            # uvicorn sends it with every answer from now on, and closes the connection after it.
            self.config.encoded_headers.append(LAST)
            self.server_state.default_headers = [*self.server_state.default_headers, LAST]
        self.stopping = True

    def _leave(self) -> None:
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            # uvicorn leaves that out; then the task is cancelled, and complains in the log.
            await self.lifespan.shutdown()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own would raise the signal once more at the end, and so kill the process.
        yield


def _on_signal(stop: Callable[..., None], *, drain_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    # A person at a terminal does not wait for load balancers.
    loop.add_signal_handler(signal.SIGINT, stop)
    loop.add_signal_handler(signal.SIGTERM, functools.partial(stop, drain_seconds=drain_seconds))


def _config(app: ASGIApp, settings: Settings, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="none",
        http=make_protocol(connections),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=int(_DRAIN_FACTOR * settings.timeout) + 1,
    )


def _listen(host: str, port: int, setting: str) -> socket.socket:
    """Listens at once: a port that is only bound can still be taken by another process."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT)
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
