"""uvicorn's HTTP protocol, with a fast path, and an end to what a client may cost.

requests    `bounded_requests.py`
answers     one at a time, the next begins when the client has taken the one before
the whole   counted and timed by `connections.py`
"""

from __future__ import annotations

import asyncio
import functools
from typing import Final, cast

from uvicorn._types import (
    ASGI3Application,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from origin.app import Application
from origin.bounded_requests import BoundedRequests
from origin.connections import Connections

# Among uvicorn's default headers while the server is about to end.
LAST: Final = (b"connection", b"close")


def make_protocol(connections: Connections) -> type[asyncio.Protocol]:
    """For `uvicorn.Config(http=…)`. connections: all of one port."""
    return cast(type[asyncio.Protocol], functools.partial(BoundedProtocol, connections=connections))


class BoundedProtocol(BoundedRequests):
    """One connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        # Paused as soon as anything is left to send.
        transport.set_write_buffer_limits(high=0)
        self._writing = b""
        self._parked = False
        self._images: Application | None = self.app_state.get("images")
        super().connection_made(transport)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self.flow.write_paused:
            # A client that sends faster than it takes answers waits, or they would pile up here.
            self._parked = True
            self.pipeline.append((cycle, app))
            return
        # A pipeline emptied by answers at once would be as many calls deep as it is long.
        # uvicorn closes after its own answers alone.
        at_once = cycle.keep_alive and not self.pipeline and LAST not in cycle.default_headers
        images = self._images if at_once else None
        answer = None if images is None else images.answer_at_once(cycle.scope)
        if answer is None:
            self._running = cycle
            super()._start_asgi_task(cycle, functools.partial(self._run, app))
            return
        own = b"".join(b"%s: %s\r\n" % field for field in cycle.default_headers)
        self._writing = answer.body
        self.transport.writelines((answer.head + own + answer.rest, answer.body))
        self._writing = b""
        cycle.response_started = cycle.response_complete = True
        self.on_response_complete()

    async def _run(
        self,
        app: ASGI3Application,
        scope: Scope,
        receive: ASGIReceiveCallable,
        send: ASGISendCallable,
    ) -> None:
        async def note(message: ASGISendEvent) -> None:
            self._writing = message.get("body", b"")  # type: ignore[assignment]
            await send(message)
            self._writing = b""

        await app(scope, receive, note)

    def on_response_complete(self) -> None:
        """As uvicorn's, except that `Connections` has the clock."""
        self.server_state.total_requests += 1
        if not self._parsing and not self.transport.is_closing():
            self.flow.resume_reading()
            self._go_on()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._connections.taking(self, self._writing, self.loop.time())

    def resume_writing(self) -> None:
        super().resume_writing()
        self._connections.taken(self)
        if self.transport.is_closing():
            return
        if self._parked:
            self._parked = False
            self._go_on()
        else:
            self._settle()

    def _go_on(self) -> None:
        """With the next request that waits."""
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        if self._unread and not self.pipeline:
            self.loop.call_soon(self._read_on)
        self._settle()
