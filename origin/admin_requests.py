"""What the admin port is asked: JSON bodies, read within bounds and checked.

    POST /purge   {"source": "local:///a.jpg"} or {"prefix": "s3://shop/"} or {"tag": "shop"}
    POST /warm    {"paths": ["/pr:thumb/plain/local:///a.jpg", …]}    ; what follows the signature
    POST /explain {"url": "https://…", "accept": "image/webp", "run": true}   ; two may be missing
    GET  /explain ?url=https://…&accept=image/webp

AdminRequestError     not what is above
├── BodyTooLarge
└── BodyTooSlow
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

import anyio
from starlette.requests import ClientDisconnect, Request

from cache.purges import Scope
from origin.tags import is_tag

MAX_BYTES: Final = 4 * 2**20
MAX_PATHS: Final = 1000
MAX_NAME_BYTES: Final = 8192  # of a source or a prefix: what the longest URL can hold
BODY_SECONDS: Final = 30.0
_SCOPES: Final[tuple[str, ...]] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained. accept: the client's field; None for that of a browser."""

    url: str
    accept: str | None = None
    run: bool = False


class AdminRequestError(Exception):
    """The request is not one that this route takes."""


class BodyTooLarge(AdminRequestError):
    """More bytes than any honest request has."""


class BodyTooSlow(AdminRequestError):
    """The body was not whole in time."""


async def read_body(
    request: Request[Any], *, max_bytes: int = MAX_BYTES, seconds: float = BODY_SECONDS
) -> bytes:
    """The body, if it says that it is JSON.

    A web page can make a browser on this machine send a form or plain text here, but not JSON:
    for that the browser asks for leave first, which nobody gives.
    """
    kind = request.headers.get("content-type", "")
    if kind.partition(";")[0].strip().lower() != "application/json":
        raise AdminRequestError(f'expected "content-type: application/json", got "{kind}"')
    body = bytearray()
    try:
        with anyio.fail_after(seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise BodyTooLarge(f"expected at most {max_bytes} bytes, got more")
    except TimeoutError:
        came = f"{len(body)} bytes and no end"
        raise BodyTooSlow(f"expected a body within {seconds:g} s, got {came}") from None
    except ClientDisconnect:
        raise AdminRequestError("expected a whole body, got a part of it") from None
    return bytes(body)


def read_purge(body: bytes) -> tuple[Scope, str]:
    """What to purge; AdminRequestError."""
    fields = _object(body)
    if len(fields) != 1 or not fields.keys() <= set(_SCOPES):
        raise AdminRequestError(f"expected one member, source, prefix or tag, got {_keys(fields)}")
    ((scope, name),) = fields.items()
    encoded = _text(name, scope)
    if not encoded:
        # A script whose variable is empty must not purge everything.
        raise AdminRequestError(f"{scope}: expected a name, got an empty one")
    if len(encoded) > MAX_NAME_BYTES:
        raise AdminRequestError(
            f"{scope}: expected at most {MAX_NAME_BYTES} bytes, got {len(encoded)}"
        )
    if scope == "tag" and not is_tag(name):
        raise AdminRequestError(
            f"tag: expected 1..128 characters A-Z a-z 0-9 _ . : / -, got {_shown(name)}"
        )
    return cast(Scope, scope), name


def read_warm(body: bytes) -> tuple[bytes, ...]:
    """The paths to warm; AdminRequestError. Whether each can be read is not known yet."""
    fields = _object(body)
    paths = fields.get("paths")
    if fields.keys() != {"paths"} or not isinstance(paths, list):
        raise AdminRequestError(f"expected one member, paths, which is a list; got {_keys(fields)}")
    if len(paths) > MAX_PATHS:
        raise AdminRequestError(f"paths: expected at most {MAX_PATHS} at a time, got {len(paths)}")
    return tuple(_text(path, f"paths[{at}]") for at, path in enumerate(paths))


def read_question(body: bytes) -> Question:
    """AdminRequestError."""
    fields = _object(body)
    if not {"url"} <= fields.keys() <= {"url", "accept", "run"}:
        raise AdminRequestError(f"expected url, perhaps accept and run, got {_keys(fields)}")
    run = fields.get("run", False)
    if not isinstance(run, bool):
        raise AdminRequestError(f"run: expected true or false, got {_shown(run)}")
    accept = fields.get("accept")
    return Question(
        _text(fields["url"], "url").decode(),
        None if accept is None else _text(accept, "accept").decode(),
        run,
    )


def read_query(request: Request[Any]) -> Question:
    """AdminRequestError. What makes work is not for links, which a web page can have followed."""
    fields = request.query_params
    if not {"url"} <= fields.keys() <= {"url", "accept"}:
        raise AdminRequestError(
            f"expected ?url=… and perhaps &accept=…, got {_keys(dict(fields))}; run is for POST"
        )
    return Question(fields["url"], fields.get("accept"))


def _object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AdminRequestError(f"expected a JSON object, got what is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise AdminRequestError(f"expected a JSON object, got {_shown(content)}")
    return content


def _text(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise AdminRequestError(f"{name}: expected text, got {_shown(value)}")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise AdminRequestError(f"{name}: expected Unicode text, got {_shown(value)}") from None


def _keys(fields: dict[str, Any]) -> str:
    return _shown(sorted(fields)) if fields else "none"


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:80]}…"
