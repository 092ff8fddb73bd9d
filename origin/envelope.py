"""What goes around every answer, errors of the server included: security, CORS, and a log line."""

from __future__ import annotations

import re
import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers

log = structlog.get_logger("safelight.access")

# A signature that came in another place than the first.
_MISPLACED = re.compile(rb"/[A-Za-z0-9_-]{43}(?=/)")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9_\-]{1,64}")


class Envelope:
    """ASGI middleware, outermost. `cors` is the setting SAFELIGHT_CORS."""

    def __init__(self, app: ASGIApp, *, cors: str) -> None:
        self._app = app
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        headers = dict(scope["headers"])
        request_id = _request_id(headers.get(b"x-request-id"))
        around = {
            **SECURITY_HEADERS,
            **cors_headers(self._cors, headers.get(b"origin", b"").decode("latin-1") or None),
            "x-request-id": request_id,
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
            log.log(
                _LEVELS.get(answer["status"] // 100, _INFO),
                "request",
                request_id=request_id,
                method=scope["method"],
                path=redacted(scope["raw_path"]),
                ms=round((time.perf_counter() - start) * 1000, 2),
                **{name: value for name, value in answer.items() if value is not None},
            )


_INFO, _ERROR = 20, 40
# What a client did wrong is no error of ours.
_LEVELS = {5: _ERROR}


def redacted(raw_path: bytes) -> str:
    """The path without its signature, which is as good as a key for this picture."""
    _, _, rest = raw_path[1:].partition(b"/")
    if not rest:
        return raw_path[:200].decode("latin-1")
    return "/…/" + _MISPLACED.sub(b"/...", b"/" + rest[:2000])[1:].decode("latin-1")


def _request_id(given: bytes | None) -> str:
    """The client's, if it is harmless in a log, else a new one."""
    return given.decode() if given and _REQUEST_ID.fullmatch(given) else uuid4().hex
