"""What goes around every answer, errors of the server included: security, CORS, and what is told of
it afterwards: in the log, metrics and traces.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from origin.access import AccessLog, log_request
from origin.account import Account
from origin.metrics.meter import Meter
from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers
from origin.server_timing import FIELD, server_timing
from origin.tracing import Exchange, Tell


class Envelope:
    """ASGI middleware, outermost. `cors` is the setting SAFELIGHT_CORS, `timing` that of
    SAFELIGHT_SERVER_TIMING. Applications find an `Account` in their state, to write in.
    """

    def __init__(
        self,
        app: ASGIApp,
        log: AccessLog,
        *,
        cors: str,
        meter: Meter | None = None,
        timing: bool = False,
        tell: Tell | None = None,
    ) -> None:
        self._app = app
        self._log = log
        self._cors = cors
        self._meter = Meter() if meter is None else meter
        self._timing = timing
        self._tell = tell

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
        account = Account(self._meter.stopwatch())
        scope["state"] = {**scope.get("state", {}), "account": account}
        answer: dict[str, Any] = {"status": 500, "bytes": 0, "error": None}
        structlog.contextvars.clear_contextvars()

        async def send_enveloped(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.decode(): value.decode("latin-1") for name, value in message["headers"]}
                answer.update(status=message["status"], error=own.get("x-safelight-error"))
                if self._timing:
                    own[FIELD] = server_timing(account, seconds=time.perf_counter() - start)
                message["headers"] = [
                    (name.encode(), value.encode("latin-1"))
                    for name, value in combine_headers(around, own).items()
                ]
            elif message["type"] == "http.response.body":
                answer["bytes"] += len(message.get("body", b""))
            await send(message)

        self._meter.in_progress += 1
        try:
            await self._app(scope, receive, send_enveloped)
        finally:
            self._meter.in_progress -= 1
            self._answered(scope, account, answer, start, this_request)

    def _answered(
        self,
        scope: Scope,
        account: Account,
        answer: dict[str, Any],
        start: float,
        this_request: str,
    ) -> None:
        end = time.perf_counter()
        status, code, size = answer["status"], answer["error"], answer["bytes"]
        outcome = self._meter.answered(
            account, status=status, code=code, seconds=end - start, size=size
        )
        trace = None
        if self._tell is not None:
            exchange = Exchange(status, size, outcome, code, this_request, start, end)
            trace = self._tell(scope, account, exchange)
        log_request(
            scope,
            status=status,
            seconds=end - start,
            bytes=size,
            error=code,
            request_id=this_request,
            outcome=outcome,
            tier=account.tier or None,
            format=account.format or None,
            stages=account.stages.ms or None,
            foreseen_ms=account.stages.foreseen_ms and round(account.stages.foreseen_ms, 1),
            trace=trace,
        )
