"""Traces of requests, told to an OTLP/HTTP collector (SAFELIGHT_OTLP_ENDPOINT); off without one.

    GET  ▸ version  ▸ look  ▸ fetch  ▸ render (queue, decode, process, encode)  ▸ store

Spans are made when a request is over, from what was noted of it anyway, so one that is not traced
costs a look at its peer. Who asks decides about tracing only if it is a trusted proxy
(SAFELIGHT_TRUSTED_PROXIES): anyone else could have all requests traced.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import urlsplit

from origin.account import Account
from origin.client_address import Networks

if TYPE_CHECKING:
    from origin.spans import Traces

SETTING: Final = "SAFELIGHT_OTLP_ENDPOINT"
_PATH: Final = "/v1/traces"


class Exchange(NamedTuple):
    """A request and its answer. size: of the body. code: of the error. start, end: as `Stages`."""

    status: int
    size: int
    outcome: str
    code: str | None
    request_id: str
    start: float
    end: float


Tell = Callable[[Mapping[str, Any], Account, Exchange], str | None]
"""Tells of an ASGI request; the name of its trace, if there is one."""


def traces_url(endpoint: str) -> str:
    """Where traces go; ValueError names the setting."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        # Not what came: it may hold a password.
        raise ValueError(f"{SETTING}: expected a URL such as http://collector:4318, got another")
    path = parts.path.rstrip("/")
    return parts._replace(path=path if path.endswith(_PATH) else path + _PATH).geturl()


@asynccontextmanager
async def open_tracing(
    endpoint: str | None, *, ratio: float, node: str
) -> AsyncIterator[Traces | None]:
    """None without an endpoint. ratio: of the requests for which no trusted proxy has decided."""
    if endpoint is None:
        yield None
        return
    # The libraries take their time to be imported, which a server without traces need not spend.
    from origin.spans import open_traces

    async with open_traces(traces_url(endpoint), ratio=ratio, node=node) as traces:
        yield traces


def telling(traces: Traces | None, trusted: Networks) -> Tell | None:
    """trusted: networks of the proxies whose `traceparent` is believed."""
    if traces is None:
        return None
    return lambda scope, account, exchange: traces.tell(scope, account, exchange, trusted=trusted)
