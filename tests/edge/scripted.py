"""Origins that answer by a script: for what an edge makes of answers that real ones seldom give.

All of one stage share the script and remember what they were asked.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEPT = "public, max-age=60"
BRIEFLY = "public, max-age=1, stale-while-revalidate=600, stale-if-error=600"
NOT_KEPT = "no-store"
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Reply:
    """gate: it comes once this is set."""

    body: bytes = b"a picture"
    status: int = 200
    cache_control: str = KEPT
    headers: Mapping[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as an origin saw it; names of headers are in lower case. origin: its index."""

    origin: int
    method: str
    target: str
    headers: Mapping[str, str]


@dataclass
class Stage:
    """The origins, what they say, and what they heard."""

    script: dict[str, Reply] = field(default_factory=dict)
    heard: list[Asked] = field(default_factory=list)
    origins: list[ScriptedOrigin] = field(default_factory=list)

    def about(self, path: str) -> list[Asked]:
        """The requests for this path, whatever query they had."""
        return [asked for asked in list(self.heard) if asked.target.partition("?")[0] == path]

    def reply(self, path: str) -> Reply:
        return self.script.get(path, Reply())


class ScriptedOrigin:
    """An HTTP server at one port, which can go down and come back there."""

    def __init__(self, stage: Stage, index: int) -> None:
        self._stage = stage
        self._index = index
        self._server: _Server | None = None
        self.port = 0
        self.up()

    @property
    def is_down(self) -> bool:
        return self._server is None

    def up(self) -> None:
        """Nothing happens if it is up."""
        if self._server is None:
            self._server = _Server(self._stage, self._index, self.port)
            self.port = self._server.server_port
            threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self) -> None:
        """Connections are refused, and those that are open break."""
        if self._server is not None:
            self._server.end()
            self._server = None


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    block_on_close = True
    daemon_threads = False

    def __init__(self, stage: Stage, index: int, port: int) -> None:
        self.stage = stage
        self.index = index
        self.open: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), _Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        self.open.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Edges break connections off; that is no news."""

    def end(self) -> None:
        self.shutdown()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # a body that waits for its head's acknowledgement takes 40 ms
    server: _Server

    def do_GET(self) -> None:
        stage = self.server.stage
        headers = {name.lower(): value for name, value in self.headers.items()}
        if self.path != "/health":
            stage.heard.append(Asked(self.server.index, self.command, self.path, headers))
        reply = stage.reply(self.path.partition("?")[0])
        if reply.gate is not None:
            reply.gate.wait(_PATIENCE)
        self.send_response(reply.status)
        self.send_header("Cache-Control", reply.cache_control)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "image/png")
        self.send_header("Content-Length", str(len(reply.body)))
        self.send_header("X-Origin", str(self.server.index))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    do_HEAD = do_OPTIONS = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@contextmanager
def stage(count: int) -> Iterator[Stage]:
    """As many origins, up until the block is left."""
    opened = Stage()
    try:
        for index in range(count):
            opened.origins.append(ScriptedOrigin(opened, index))
        yield opened
    finally:
        for origin in opened.origins:
            origin.down()


def ports(origins: Sequence[ScriptedOrigin]) -> list[int]:
    return [origin.port for origin in origins]
