"""Requests as they come in: how large they may be, how long they may take, how many may wait.

uvicorn alone takes a head of any size, in time that grows with its square, waits for its end as
long as the client likes, and reads on however many requests wait. What is refused here never
reaches the application:

    400 bad_request      not HTTP, or a path that is not ASCII
    414 url_too_long     431 headers_too_large    413 body_too_large    408 request_timeout
"""

from __future__ import annotations

import asyncio
import fcntl
import sys
import termios
from http import HTTPStatus
from typing import Any, Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from origin.connections import Connections
from origin.refusal import refusal

MAX_URL_BYTES: Final = 32768  # the query included, which is ignored
MAX_HEAD_BYTES: Final = 65536
# A request of 20 bytes takes 4,000 in memory once it is parsed: so it is not, before its turn.
_PIECE: Final = 4096
_MOST_UNREAD: Final = 65536


class _TooMuch(Exception):
    """Raised in the parser's callbacks, to make it stop."""


class _Flow(FlowControl):
    """An application that waits for a body does not make it read on while it is full."""

    full = False

    def resume_reading(self) -> None:
        if not self.full:
            super().resume_reading()


class BoundedRequests(HttpToolsProtocol):
    """One half of `BoundedProtocol`."""

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow: _Flow = _Flow(transport)
        self._in_head = False
        self._between = True
        self._begun = 0
        self._head_bytes = 0
        # Heads and bodies are counted, from 2 on; which one of them is waited for, if any.
        self._part = 1
        self._awaited = 1
        self._parsing = False
        self._unread = bytearray()
        self._refused = False
        self._refusal = (HTTPStatus.BAD_REQUEST, "bad_request")
        self._running: RequestResponseCycle | None = None
        if not self._connections.arrive(self, self.loop.time()):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections")

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.lost(self)
        self._unread.clear()
        # uvicorn tells the last request that came, which waits in the pipeline behind this one.
        if self._running is not None and not self._running.response_complete:
            self._running.disconnected = True
            self._running.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    @property
    def in_hand(self) -> bool:
        """A request is worked on, or its answer is being taken."""
        return self.flow.write_paused or not (self.cycle is None or self.cycle.response_complete)

    @property
    def held_back(self) -> bool:
        """Nothing more is read at the moment."""
        return self.flow.read_paused or bool(self._unread)

    def untaken(self) -> int:
        """Bytes that were written and have not arrived at the client."""
        # The kernel asks for more in large steps: what it has itself must count.
        descriptor = self.transport.get_extra_info("socket").fileno()
        queued = fcntl.ioctl(descriptor, termios.TIOCOUTQ, bytes(4))
        return self.transport.get_write_buffer_size() + int.from_bytes(queued, sys.byteorder)

    def give_up(self) -> None:
        """A request has not come to its end in time, or not at all."""
        if self._part == 1:
            self.transport.close()
            return
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout")

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._connections.wake(self)
        if len(data) <= _PIECE and not self.pipeline and not self._unread:
            self._read(data)
        else:
            self._unread += data
            self._read_on()

    def _read_on(self) -> None:
        """As far as requests do not wait for those before them."""
        while self._unread and not self.pipeline:
            piece = bytes(self._unread[:_PIECE])
            del self._unread[:_PIECE]
            self._read(piece)
        if len(self._unread) > _MOST_UNREAD:
            self.flow.full = True
            self.flow.pause_reading()
        elif self.flow.full and not self._unread:
            self.flow.full = False
            self.flow.resume_reading()

    def _read(self, data: bytes) -> None:
        self._begun = int(self._in_head)
        at_edge = self._in_head or self._between
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        if self._refused:
            return
        if self._between:
            if self._awaited:
                self._awaited = 0
                self._connections.whole(self)
            self._settle()
            return
        # A single header counts here, as the parser keeps it to itself until it is whole. What came
        # with the end of other requests is let pass: how much of it is this head nobody tells.
        if self._in_head and at_edge and self._begun == 1:
            self._head_bytes += len(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large")
        elif not self._in_head and self._announced() > self._connections.patience.body_bytes:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large")
        elif self._awaited != self._part:
            self._awaited = self._part
            self._connections.begin(self, self.loop.time())

    def _announced(self) -> int:
        """Bytes that are said to follow the head."""
        return next((int(value) for name, value in self.headers if name == b"content-length"), 0)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._between = False
        self._begun += 1
        self._part += 1
        self._head_bytes = 0
        self._fields_bytes = 0
        self._body_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > MAX_URL_BYTES:
            self._refusal = (HTTPStatus.REQUEST_URI_TOO_LONG, "url_too_long")
            raise _TooMuch

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._fields_bytes += len(name) + len(value)
        if self._fields_bytes > MAX_HEAD_BYTES:
            self._refusal = (HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large")
            raise _TooMuch

    def on_headers_complete(self) -> None:
        if self.expect_100_continue:
            # Not of HTTP/1.0, and not without a body: RFC 9110 section 10.1.1.
            names = {name for name, _ in self.headers}
            follows = not names.isdisjoint((b"content-length", b"transfer-encoding"))
            self.expect_100_continue = follows and self.parser.get_http_version() == "1.1"
        super().on_headers_complete()
        self._in_head = False
        self._part += 1

    def on_body(self, body: bytes) -> None:
        self._body_bytes += len(body)
        if self._body_bytes > self._connections.patience.body_bytes:
            self._refusal = (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body_too_large")
            raise _TooMuch
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._between = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to whatever its parser does not take."""
        self._refuse(*self._refusal)

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: an upgrade is declined by answering the request, and anyone can ask for one."""

    def _settle(self) -> None:
        """It is idle once all that came is answered, and all answers are taken."""
        if self._between and not self._unread and not self.in_hand:
            self._connections.rest(self, self.loop.time())

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        """Takes no more, and says so where that cannot be taken for another answer."""
        self._refused = True
        self._unread.clear()
        self._connections.whole(self)
        cycle, in_body = self.cycle, not self._in_head and not self._between
        unanswered = cycle is not None and not cycle.response_complete
        if self.transport.is_closing():
            return
        if unanswered and not (in_body and cycle is self._running and not cycle.response_started):
            cycle.keep_alive = False  # what came before is answered, then the connection ends
            return
        if self.flow.write_paused:
            self.transport.close()  # once the answer is taken
            return
        if unanswered:
            cycle.disconnected, cycle.waiting_for_100_continue = True, False
            cycle.message_event.set()
        if unanswered or not in_body:
            self._connections.refuse(code)
            self.transport.write(refusal(status, code))
        self.transport.write_eof()
        # Closing while bytes still come in would reset the connection, and the answer with it.
        self._connections.leave(self, self.loop.time())
