"""The image request, from the raw path to the answer."""

from __future__ import annotations

import time

import anyio
from starlette.requests import Request
from starlette.responses import Response

from cache.key import etag, result_key
from origin.conditional import not_modified, precondition_failed
from origin.errors import Deadline, Expired, PreconditionFailed, UrlTooLong
from origin.gather import Ingredients, fetch_all, stat_all
from origin.negotiation import offered_formats
from origin.respond import Validators, picture, unchanged, validator_headers
from origin.services import Services, State
from transforms.engine import identity
from transforms.formats import Format
from transforms.output import Delivery
from transforms.plan import Plan

# Twice what a URL with the longest source that S3 allows can need, every byte of it escaped.
MAX_PATH_BYTES = 8192
_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")


async def image(request: Request[State]) -> Response:
    """Verify ▸ parse ▸ negotiate ▸ answer within the deadline."""
    services = request.state["services"]
    path = services.scheme.verify(limited(request.scope["raw_path"]))
    plan = services.dialect.parse(path)
    refuse_expired(plan, now=time.time())
    plan = plan.offering(_offered(request, services.settings.auto_formats))
    try:
        with anyio.fail_after(services.settings.timeout):
            response = await _answer(request, plan, services)
    except TimeoutError:
        seconds = services.settings.timeout
        raise Deadline(f"not done within {seconds:g} s (SAFELIGHT_TIMEOUT)") from None
    if plan.negotiable and services.settings.auto_formats:
        response.headers["vary"] = "Accept"
    return response


def limited(path: bytes) -> bytes:
    if len(path) > MAX_PATH_BYTES:
        raise UrlTooLong(f"expected at most {MAX_PATH_BYTES} bytes of path, got {len(path)}")
    return path


def refuse_expired(plan: Plan, *, now: float) -> None:
    expires = plan.of(Delivery).expires
    if 0 < expires < now:
        raise Expired(f"the URL expired at {expires}, it is {now:.0f}")


async def _answer(request: Request[State], plan: Plan, services: Services) -> Response:
    """Version ▸ 304? ▸ fetch ▸ render. A version alone is asked for only where it may be enough."""
    if conditions := _conditions(request):
        known = await stat_all(plan, services.sources)
        headers = _headers(plan, known, services)
        if response := _decided(conditions, headers, known):
            return response
        found = await fetch_all(plan, services.sources, services.settings, known)
    else:
        found = await fetch_all(plan, services.sources, services.settings)
    headers = _headers(plan, found, services)
    assert found.file is not None  # noqa: S101
    encoded = await services.workers.render(plan, found.file, found.assets)
    return picture(encoded, plan, headers, head=request.method == "HEAD")


def _headers(plan: Plan, found: Ingredients, services: Services) -> dict[str, str]:
    key = result_key(plan.source, plan.canonical(), found.validators, identity())
    validators = Validators(etag(key), found.modified)
    return validator_headers(plan, validators, ttl=services.settings.ttl, now=time.time())


def _conditions(request: Request[State]) -> dict[str, str]:
    """The fields that ask for more than the result; one that came in several lines is one list."""
    lines = {name: request.headers.getlist(name) for name in _CONDITIONS}
    return {name: ", ".join(values) for name, values in lines.items() if values}


def _decided(
    conditions: dict[str, str], headers: dict[str, str], found: Ingredients
) -> Response | None:
    """RFC 9110 13.2.2: what the request's conditions decide without any pixel."""
    tag = headers["etag"]
    if precondition_failed(conditions, etag=tag, last_modified=found.modified):
        raise PreconditionFailed("the result is not the one that If-Match or the date names")
    if not_modified(conditions, etag=tag, last_modified=found.modified):
        return unchanged(headers)
    return None


def _offered(request: Request[State], auto: tuple[str, ...]) -> tuple[Format, ...]:
    lines = request.headers.getlist("accept")
    offered = offered_formats(", ".join(lines) if lines else None, auto)
    return tuple(Format(name) for name in offered)
