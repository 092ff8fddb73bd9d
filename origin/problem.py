"""Errors as answers: short text, or RFC 9457 problem+json for those who ask for it."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from origin.errors import RangeNotSatisfiable, RateLimited, answer_to
from origin.freshness import error_headers
from origin.negotiation import wants_problem_json
from origin.ranges import unsatisfied_range
from origin.standing import rate_limit_headers

RETRY_AFTER = 1


def problem(request: Request[Any], error: Exception, *, negative_ttl: float = 0) -> Response:
    """The answer to a request that failed; it differs by Accept, so it says that it does.

    negative_ttl: seconds that caches may remember it where it is lasting.
    """
    answer = answer_to(error)
    detail = " ".join(str(error).split()) if answer.detail else ""
    headers = {
        **error_headers(int(negative_ttl) if answer.lasting else 0),
        "vary": "Accept",
        "x-safelight-error": answer.code,
    }
    if answer.status in (429, 503):
        headers["retry-after"] = str(getattr(error, "retry_after", RETRY_AFTER))
    if isinstance(error, RateLimited):
        headers |= rate_limit_headers(error.standings)
    if isinstance(error, RangeNotSatisfiable):
        headers["content-range"] = unsatisfied_range(error.size)
    if answer.status == 405:
        headers["allow"] = "GET, HEAD, OPTIONS"
    if wants_problem_json(_accept(request)):
        content = {"type": "about:blank", "title": answer.public, "status": answer.status}
        content |= {"detail": detail} if detail else {}
        content |= {"code": answer.code}
        body, media_type = json.dumps(content, ensure_ascii=False), "application/problem+json"
    else:
        body, media_type = (
            f"{answer.public}: {detail}\n" if detail else f"{answer.public}\n",
            "text/plain",
        )
    response = Response(body, answer.status, headers, media_type)
    if request.method == "HEAD":
        response.body = b""
    return response


def _accept(request: Request[Any]) -> str | None:
    lines = request.headers.getlist("accept")
    return ", ".join(lines) if lines else None
