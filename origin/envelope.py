"""What goes around every answer, errors of the server included: security, CORS, and a log line."""

from __future__ import annotations

import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from origin.access import AccessLog, log_request
from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers


class Envelope:
    """ASGI middleware, outermost. `cors` is the setting SAFELIGHT_CORS."""

    def __init__(self, app: ASGIApp, log: AccessLog, *, cors: str) -> None:
        self._app = app
        self._log = log
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = dict(scope["headers"])
        this_request = self._log.request_id(headers.get(b"x-request-id", b""))
        around = {
            **SECURITY_HEADERS,
            **cors_headers(self._cors, headers.get(b"origin", b"").decode("latin-1") or None),
            "x-request-id": this_request,
        }
        answer: dict[str, Any] = {"status": 500, "bytes": 0}
        structlog.contextvars.clear_contextvars()

        async def send_enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
                answer.update(status=message["status"], error=own.get("x-safelight-error"))
                message["headers"] = [
                    (name.encode(), value.encode("latin-1"))
                    for name, value in combine_headers(around, own).items()
                ]
            elif message["type"] == "http.response.body":
                answer["bytes"] += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_enveloped)
        finally:
            seconds = time.perf_counter() - start
            log_request(scope, seconds=seconds, request_id=this_request, **answer)
