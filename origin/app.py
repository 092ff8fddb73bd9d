"""The image application: routes and error answers."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from origin.access import AccessLog
from origin.envelope import Envelope
from origin.errors import ANSWERS, answer_to
from origin.hot import Hot
from origin.images import image
from origin.problem import problem
from origin.security_headers import preflight_headers
from origin.services import Services, State


def make_app(services: Services) -> ASGIApp:
    """An ASGI application on resources that its caller opened and will close."""
    settings = services.settings
    log = AccessLog()
    hot = Hot(services.variants, services.manner, log, cors=settings.cors)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[State]:
        yield {"services": services, "hot": hot}
        log.flush()

    async def options(request: Request[Any]) -> Response:
        return Response(b"", 204, preflight_headers(settings.cors, request.headers.get("origin")))

    starlette = Starlette(
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
        lifespan=lifespan,
    )
    return Envelope(starlette, log, cors=settings.cors)


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
    return problem(request, error, negative_ttl=request.state["services"].settings.negative_ttl)
