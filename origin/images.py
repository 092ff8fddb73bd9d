"""The image request, from the raw path to the answer."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from origin.account import Account
from origin.asked import Asked, ask
from origin.brownout import DEGRADED_SECONDS
from origin.conditional import not_modified, precondition_failed
from origin.departure import while_awaited
from origin.errors import Expired, PreconditionFailed, UrlTooLong
from origin.negotiation import offered_formats
from origin.respond import age, picture, unchanged, validator_headers
from origin.rules import Rules
from origin.services import Services, State
from transforms.formats import Format
from transforms.output import Delivery
from transforms.plan import Plan

# Twice what a URL with the longest source that S3 allows can need, every byte of it escaped.
MAX_PATH_BYTES = 8192
_CONDITIONS = ("if-none-match", "if-modified-since", "if-match", "if-unmodified-since")
_PARTS = ("range", "if-range")


async def image(request: Request[State]) -> Response:
    """Verify ▸ parse ▸ negotiate ▸ answer within the deadline."""
    services, hot = request.state["services"], request.state["hot"]
    known = hot.recall(request.scope)
    asked = known or read(request.scope["raw_path"], _accept(request), services.rules)
    if not any(name in request.headers for name in _CONDITIONS):
        # Before anything is begun, even a look at the source: there are many of them then.
        services.variants.refuse_late(asked)
    if known is None:
        hot.remember(request.scope, asked)
    return await while_awaited(
        request.receive,
        lambda: _answer(request, asked, services, request.state["account"]),
        seconds=services.rules.timeout,
    )


def read(raw_path: bytes, accept: str | None, rules: Rules) -> Asked:
    """What a signed path asks for; SignatureError, PlanError, SourceReferenceError, Expired."""
    path = rules.scheme.verify(limited(raw_path))
    plan = rules.dialect.parse(path)
    refuse_expired(plan, now=time.time())
    offered = offered_formats(accept, rules.auto_formats)
    return ask(plan.offering(tuple(map(Format, offered))), rules.policies)


def limited(path: bytes) -> bytes:
    if len(path) > MAX_PATH_BYTES:
        raise UrlTooLong(f"expected at most {MAX_PATH_BYTES} bytes of path, got {len(path)}")
    return path


def refuse_expired(plan: Plan, *, now: float) -> None:
    expires = plan.of(Delivery).expires
    if 0 < expires < now:
        raise Expired(f"the URL expired at {expires}, it is {now:.0f}")


async def _answer(
    request: Request[State], asked: Asked, services: Services, account: Account
) -> Response:
    """Version ▸ 304? ▸ kept? ▸ fetch ▸ render."""
    now, manner = time.time(), services.rules.manner
    variants = services.variants
    wanted = variants.identify_known(asked, None)
    if wanted is None:
        with account.stages.timing("version"):
            wanted = await variants.identify(asked)
    headers = validator_headers(wanted, manner, now=now)
    fields = _fields(request)
    if _is_unchanged(fields, headers["etag"], wanted.modified):
        account.unchanged()
        return unchanged({**headers, "age": age(wanted, now=now)})
    visit = None if services.limits is None else services.limits.visit(request.scope)
    found = await variants.find(wanted, visit=visit, stages=account.stages)
    if found.wanted is not wanted:
        wanted = found.wanted
        if found.degraded is not None:
            manner = replace(manner, most_ttl=DEGRADED_SECONDS)
        headers = validator_headers(wanted, manner, now=now)
        if found.degraded is not None:
            headers["x-safelight-degraded"] = found.degraded
        if _is_unchanged(fields, headers["etag"], wanted.modified):
            account.unchanged()
            return unchanged({**headers, "age": age(wanted, now=now)})
    headers |= {"age": age(wanted, now=now), "cache-status": found.status.field}
    if visit is not None:
        headers |= visit.headers
    degraded = found.degraded is not None
    account.given(found.entry, found.tier, collapsed=found.collapsed, degraded=degraded)
    return picture(found.entry, wanted, headers, fields, head=request.method == "HEAD")


def _fields(request: Request[State]) -> dict[str, str]:
    """The fields that ask for more than the result; one that came in several lines is one list."""
    lines = {name: request.headers.getlist(name) for name in (*_CONDITIONS, *_PARTS)}
    return {name: ", ".join(values) for name, values in lines.items() if values}


def _is_unchanged(fields: Mapping[str, str], tag: str, modified: float | None) -> bool:
    """RFC 9110 13.2.2: what the request's conditions decide without any pixel."""
    if precondition_failed(fields, etag=tag, last_modified=modified):
        raise PreconditionFailed("the result is not the one that If-Match or the date names")
    return not_modified(fields, etag=tag, last_modified=modified)


def _accept(request: Request[State]) -> str | None:
    lines = request.headers.getlist("accept")
    return ", ".join(lines) if lines else None
