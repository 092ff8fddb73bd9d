"""The image application: routes and error answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from origin.access import AccessLog
from origin.envelope import Envelope
from origin.errors import ANSWERS, answer_to
from origin.hot import Hot, HotAnswer
from origin.images import image
from origin.problem import problem
from origin.rules import Rules
from origin.security_headers import preflight_headers
from origin.services import Services
from origin.tracing import telling
from origin.turning_away import TurningAway


class Application:
    """An ASGI application on resources that its caller opened and will close.

    services: what requests are answered with that come now. This is the one place where they are
    looked up, once for each request: it ends by the rules it began with.
    """

    def __init__(self, services: Services, log: AccessLog | None = None) -> None:
        self._log = AccessLog() if log is None else log
        self.exchange(services)

    def exchange(self, services: Services) -> None:
        """From now on, requests are answered with these."""
        self.services = services
        rules = services.rules
        # A new one, as what the last knows of URLs was found by other keys and presets.
        tell = telling(services.traces, rules.trusted)
        self.hot = Hot(
            services.variants,
            rules.manner,
            self._log,
            cors=rules.cors,
            timing=rules.server_timing,
            tell=tell,
        )
        self._turning_away = TurningAway(services.variants, self.hot, rules, self._log, tell=tell)
        self._state = {"services": services, "hot": self.hot}
        self._app = Envelope(
            self._routes(rules),
            self._log,
            cors=rules.cors,
            meter=services.variants.meter,
            timing=rules.server_timing,
            tell=tell,
        )

    def answer_at_once(self, scope: Mapping[str, Any]) -> HotAnswer | None:
        """Where nothing has to be waited for: it is kept, or there is no time to make it."""
        return self.hot.answer(scope) or self._turning_away.answer(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["state"] = self._state
        await self._app(scope, receive, send)

    def _routes(self, rules: Rules) -> Starlette:
        async def options(request: Request[Any]) -> Response:
            return Response(b"", 204, preflight_headers(rules.cors, request.headers.get("origin")))

        return Starlette(
            routes=[
                Route("/health", health, methods=["GET"]),
                Route("/favicon.ico", missing),
                Route("/robots.txt", robots),
                AnyPath("/{path:path}", options, methods=["OPTIONS"]),
                AnyPath("/{path:path}", image, methods=["GET"]),
            ],
            exception_handlers={
                **dict.fromkeys(ANSWERS, _answer),
                HTTPException: _answer,
                Exception: problem,
            },
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[dict[str, Application]]:
        """Once, whatever is exchanged; connections are given what this yields."""
        yield {"images": self}
        self._log.flush()


class AnyPath(Route):
    """Starlette's `path` stops at a line break, which is what a `%0A` in a URL has become here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.path_regex = re.compile(r"/(?P<path>.*)", re.DOTALL)


async def health(_request: Request[Any]) -> Response:
    """For load balancers that know imgproxy's path; says only that the event loop turns."""
    return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})


async def missing(_request: Request[Any]) -> Response:
    raise HTTPException(404, "There is nothing here")


async def robots(_request: Request[Any]) -> Response:
    return PlainTextResponse("User-agent: *\nAllow: /\n")


async def _answer(request: Request[Any], error: Exception) -> Response:
    """The table's answer; the error's own words go to the log line of the request."""
    structlog.contextvars.bind_contextvars(detail=" ".join(str(error).split())[:500])
    if answer_to(error).status >= 500 and error.__cause__ is not None:
        structlog.contextvars.bind_contextvars(cause=repr(error.__cause__)[:500])
    return problem(request, error, negative_ttl=request.state["services"].rules.negative_ttl)
