"""Answers that a connection gets before any application sees it."""

from __future__ import annotations

from http import HTTPStatus

from origin.freshness import error_headers
from origin.security_headers import SECURITY_HEADERS

_RETRY_SECONDS = 1


def refusal(status: HTTPStatus, code: str) -> bytes:
    """The bytes of the whole answer, the last of its connection."""
    body = f"{status.phrase}\n"
    headers = {
        **SECURITY_HEADERS,
        **error_headers(),
        "x-safelight-error": code,
        "content-type": "text/plain; charset=utf-8",
        "content-length": str(len(body)),
        "connection": "close",
    }
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        headers["retry-after"] = str(_RETRY_SECONDS)
    lines = [f"HTTP/1.1 {status.value} {status.phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", body]).encode()
