"""The admin application: is this process alive, and is it ready. Never public."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

# Some probes (Varnish) wait for the end of the connection.
_HEADERS = {"cache-control": "no-store", "connection": "close"}


def make_admin(ready: Callable[[], bool]) -> Starlette:
    """`ready` says whether images are answered: true between start-up and the first SIGTERM."""

    async def livez(_request: Request[Any]) -> Response:
        return PlainTextResponse("alive\n", headers=_HEADERS)

    async def readyz(_request: Request[Any]) -> Response:
        if ready():
            return PlainTextResponse("ready\n", headers=_HEADERS)
        return PlainTextResponse("not ready\n", 503, headers=_HEADERS)

    return Starlette(routes=[Route("/livez", livez), Route("/readyz", readyz)])
