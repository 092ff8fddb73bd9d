"""The admin application: is this process ready, what its cache holds, purge it, warm it.

Never public: who reaches this port needs no signature.

    GET  /livez     200: the event loop turns
    GET  /readyz    200 or 503, and why: a Readiness
    GET  /cache     counts of the tiers
    GET  /metrics   for Prometheus
    GET  /explain   ?url=…&accept=…: all that there is to say of a URL (`origin.explain`)
    POST /explain   the same, and with "run" renders it
    POST /purge     a PurgeReport
    POST /warm      a WarmResult a line, as they finish; the answer ends early if the server stops
    error           {"error": what was expected and what came}
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from cache import purges
from origin import purge_report, warming
from origin.admin_requests import (
    AdminRequestError,
    BodyTooLarge,
    BodyTooSlow,
    Question,
    read_body,
    read_purge,
    read_query,
    read_question,
    read_warm,
)
from origin.errors import ANSWERS, answer_to
from origin.purge_report import PurgeReport
from origin.readiness import Readiness
from origin.warming import WarmResult

Purge = Callable[[purges.Scope, str], Awaitable[PurgeReport]]
Warm = Callable[[tuple[bytes, ...]], AsyncGenerator[WarmResult, None]]
Facts = Callable[[], Mapping[str, Any]]
Judge = Callable[[], Readiness]
Metrics = Callable[[str], tuple[bytes, str]]
Explain = Callable[[Question], Awaitable[Mapping[str, Any]]]

_HEADERS = {"cache-control": "no-store"}
# Some probes (Varnish) wait for the end of the connection.
_PROBE_HEADERS = {**_HEADERS, "connection": "close"}
_STATUS: dict[type[Exception], int] = {BodyTooLarge: 413, BodyTooSlow: 408}


def make_admin(
    ready: Callable[[], bool],
    *,
    purge: Purge | None = None,
    warm: Warm | None = None,
    facts: Facts | None = None,
    judge: Judge | None = None,
    metrics: Metrics | None = None,
    explain: Explain | None = None,
) -> Starlette:
    """`ready` says whether images are answered: true between start-up and the first SIGTERM.
    `judge` says whether this server should be asked for them; without one, that is the same.

    There is a route for each of the others that is given.
    """
    routes = _probes(judge or (lambda: Readiness(serving=ready())))
    if purge is not None:
        routes.append(_purge_route(purge))
    if warm is not None:
        routes.append(_warm_route(warm, ready))
    if facts is not None:
        routes.append(_cache_route(facts))
    if metrics is not None:
        routes.append(_metrics_route(metrics))
    if explain is not None:
        routes.append(_explain_route(explain))
    return Starlette(
        routes=routes,
        exception_handlers={
            AdminRequestError: _bad_request,
            **dict.fromkeys(ANSWERS, _refusal),
            HTTPException: _no_route,
            Exception: _unforeseen,
        },
    )


def _probes(judge: Judge) -> list[Route]:
    async def livez(_request: Request[Any]) -> Response:
        return PlainTextResponse("alive\n", headers=_PROBE_HEADERS)

    async def readyz(_request: Request[Any]) -> Response:
        readiness = judge()
        status = 200 if readiness.ready else 503
        return JSONResponse(readiness.to_json(), status, headers=_PROBE_HEADERS)

    return [Route("/livez", livez), Route("/readyz", readyz)]


def _purge_route(purge: Purge) -> Route:
    async def answer(request: Request[Any]) -> Response:
        scope, name = read_purge(await read_body(request))
        report = await purge(scope, name)
        return JSONResponse(purge_report.to_json(report), headers=_HEADERS)

    return Route("/purge", answer, methods=["POST"])


def _warm_route(warm: Warm, ready: Callable[[], bool]) -> Route:
    async def answer(request: Request[Any]) -> Response:
        paths = read_warm(await read_body(request))
        if not ready():
            return _error(503, "expected a server that is ready, this one starts or stops")
        return _Lines(warm(paths), ready)

    return Route("/warm", answer, methods=["POST"])


def _cache_route(facts: Facts) -> Route:
    async def answer(_request: Request[Any]) -> Response:
        return JSONResponse(dict(facts()), headers=_HEADERS)

    return Route("/cache", answer, methods=["GET"])


def _metrics_route(metrics: Metrics) -> Route:
    async def answer(request: Request[Any]) -> Response:
        body, media_type = metrics(request.headers.get("accept", ""))
        return Response(body, headers={**_HEADERS, "content-type": media_type})

    return Route("/metrics", answer, methods=["GET"])


def _explain_route(explain: Explain) -> Route:
    async def answer(request: Request[Any]) -> Response:
        asks = request.method == "POST"
        question = read_question(await read_body(request)) if asks else read_query(request)
        return JSONResponse(dict(await explain(question)), headers=_HEADERS)

    return Route("/explain", answer, methods=["GET", "POST"])


class _Lines(StreamingResponse):
    """Results as they come; however the answer ends, the generator is closed with it."""

    def __init__(
        self, results: AsyncGenerator[WarmResult, None], ready: Callable[[], bool]
    ) -> None:
        super().__init__(_lines(results, ready), 200, _HEADERS, "application/x-ndjson")
        self._results = results

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # The one around the results may be left at its yield, and would keep them running.
        async with contextlib.aclosing(self._results):
            await super().__call__(scope, receive, send)


async def _lines(
    results: AsyncGenerator[WarmResult, None], ready: Callable[[], bool]
) -> AsyncIterator[bytes]:
    async for result in results:
        yield json.dumps(warming.to_json(result), separators=(",", ":")).encode() + b"\n"
        if not ready():  # what is left would hold up the end of the server
            return


async def _bad_request(_request: Request[Any], error: Exception) -> Response:
    return _error(_STATUS.get(type(error), 400), str(error))


async def _refusal(_request: Request[Any], error: Exception) -> Response:
    """What the purge itself raised, in its own words: operators may read them."""
    return _error(answer_to(error).status, str(error))


async def _unforeseen(_request: Request[Any], error: Exception) -> Response:
    return _error(500, "something went wrong that nobody foresaw; the server's log has more")


async def _no_route(request: Request[Any], error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    tried = f"{request.method} {request.url.path}"
    return _error(error.status_code, f"{error.detail}: {tried}", error.headers)


def _error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    content = {"error": " ".join(message.split())}
    return JSONResponse(content, status, {**_HEADERS, **(headers or {})})
