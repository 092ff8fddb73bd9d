"""uvicorn's HTTP protocol, with a fast path, and an end to what the head of a request may cost.

uvicorn alone takes a head of any size, in time that grows with its square, and waits for it as
long as the client likes. What is refused here never reaches the application:

    400 bad_request      not HTTP, or a path that is not ASCII
    414 url_too_long     431 headers_too_large     408 request_timeout
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Final

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from origin.freshness import error_headers
from origin.hot import Hot
from origin.security_headers import SECURITY_HEADERS

MAX_URL_BYTES: Final = 32768  # the query included, which is ignored
MAX_HEAD_BYTES: Final = 65536
HEAD_SECONDS: Final = 20
LINGER_SECONDS: Final = 2


class _TooMuch(Exception):
    """Raised in the parser's callbacks, to make it stop."""


class BoundedProtocol(HttpToolsProtocol):
    """For `uvicorn.Config(http=…)`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._in_head = False
        self._between = True
        self._begun = 0
        self._head_bytes = 0
        self._refused = False
        self._refusal = (HTTPStatus.BAD_REQUEST, "bad_request")
        self._late: asyncio.TimerHandle | None = None
        self._hot: Hot | None = self.app_state.get("hot")
        # uvicorn starts this clock after the first answer only.
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_clock()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._begun = int(self._in_head)
        at_edge = self._in_head or self._between
        super().data_received(data)
        if not self._in_head or self._refused:
            return
        # A single header counts here, as the parser keeps it to itself until it is whole. What came
        # with the end of other requests is let pass: how much of it is this head nobody tells.
        if at_edge and self._begun == 1:
            self._head_bytes += len(data)
        if self._head_bytes > MAX_HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large")
        elif self._late is None:
            self._late = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._between = False
        self._begun += 1
        self._head_bytes = 0
        self._fields_bytes = 0

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
        self._in_head = False
        self._stop_clock()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._between = True
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        # A client that sends faster than it takes answers waits, or they would pile up here; and a
        # pipeline emptied by answers at once would be as many calls deep as it is long.
        waits = bool(self.pipeline or self.transport.get_write_buffer_size())
        at_once = cycle.keep_alive and not waits
        answer = self._hot.answer(cycle.scope) if at_once and self._hot is not None else None
        if answer is None:
            super()._start_asgi_task(cycle, app)
            return
        own = b"".join(b"%s: %s\r\n" % field for field in cycle.default_headers)
        self.transport.writelines((answer.head + own + answer.rest, answer.body))
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()

    def send_400_response(self, msg: str) -> None:
        """uvicorn's answer to whatever its parser does not take."""
        self._refuse(*self._refusal)

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: an upgrade is declined by answering the request, and anyone can ask for one."""

    def _give_up(self) -> None:
        self._refuse(HTTPStatus.REQUEST_TIMEOUT, "request_timeout")

    def _stop_clock(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _refuse(self, status: HTTPStatus, code: str) -> None:
        self._stop_clock()
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            # An answer now would be taken for the one to the request before.
            self.transport.close()
            return
        self.transport.write(_refusal(status, code))
        self.transport.write_eof()
        # Closing while bytes still come in would reset the connection, and the answer with it.
        self.loop.call_later(LINGER_SECONDS, self.transport.close)


def _refusal(status: HTTPStatus, code: str) -> bytes:
    body = f"{status.phrase}\n"
    headers = {
        **SECURITY_HEADERS,
        **error_headers(),
        "x-safelight-error": code,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "connection": "close",
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()
