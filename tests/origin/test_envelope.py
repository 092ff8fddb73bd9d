"""What goes around every answer, whatever happens inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from origin.access import AccessLog
from origin.envelope import Envelope
from origin.redaction import redacted
from tests.origin.live import HOST

SIGNATURE = "oKfUtW34Dvo2BGQehJFR4Nr0_rIjOtdtzJ3QFsUcXH8"


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    with capture_logs() as captured:
        yield captured


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the status in the query, and with a Vary; fails if there is none."""
    status = int(Request(scope).query_params["status"])
    headers = {"vary": "Accept", "x-safelight-error": "some_code"} if status >= 400 else {}
    await Response(b"12345", status, headers)(scope, receive, send)


async def ask(
    target: str = "/a?status=200",
    headers: Sequence[tuple[bytes, bytes]] = (),
    *,
    cors: str = "*",
) -> httpx.Response:
    transport = httpx.ASGITransport(
        Envelope(app, AccessLog(), cors=cors), raise_app_exceptions=False
    )
    request = httpx.Request("GET", HOST + target, headers=list(headers))
    return await transport.handle_async_request(request)


@pytest.mark.parametrize("status", [200, 304, 404, 500])
async def test_every_answer_is_made_safe_and_readable_across_origins(status: int) -> None:
    headers = (await ask(f"/a?status={status}")).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert headers["cross-origin-resource-policy"] == "cross-origin"
    assert headers["access-control-allow-origin"] == "*"


async def test_vary_of_the_application_and_of_cors_add_up() -> None:
    headers = (await ask("/a?status=404", cors="https://a.example,https://b.example")).headers

    assert headers["vary"] == "Origin, Accept"


async def test_without_allowed_origins_there_is_no_cors() -> None:
    assert "access-control-allow-origin" not in (await ask(cors="")).headers


@pytest.mark.parametrize("given", ["abc-123_X", "a" * 64])
async def test_a_harmless_request_id_is_kept(given: str) -> None:
    assert (await ask(headers=[(b"x-request-id", given.encode())])).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 65, "\xfc", "<b>", "a\x1b[31m"])
async def test_any_other_request_id_is_replaced(given: str) -> None:
    headers = [(b"x-request-id", given.encode("latin-1"))]

    ids = {(await ask(headers=headers)).headers["x-request-id"] for _ in range(2)}

    assert len(ids) == 2
    assert given not in ids


async def test_headers_that_are_no_utf_8_and_headers_that_come_twice_do_no_harm() -> None:
    headers = [(b"origin", b"\xff\xfe"), (b"origin", b"\xc3"), (b"x-request-id", b"\xff")]

    answer = await ask(headers=headers, cors="https://a.example,https://b.example")

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(
    ("status", "level"), [(200, "info"), (304, "info"), (404, "info"), (500, "error")]
)
async def test_a_request_is_one_line_and_only_our_own_failures_are_errors(
    lines: list[Any], status: int, level: str
) -> None:
    await ask(f"/{SIGNATURE}/plain/local:///a.jpg?status={status}", [(b"x-request-id", b"me")])

    (line,) = lines
    assert (line["event"], line["log_level"], line["status"]) == ("request", level, status)
    assert (line["method"], line["bytes"], line["request_id"]) == ("GET", 5, "me")
    assert line["path"] == "/…/plain/local:///a.jpg"
    assert line.get("error") == ("some_code" if status >= 400 else None)
    assert "exc_info" not in line


async def test_signatures_and_queries_are_not_logged(lines: list[Any]) -> None:
    await ask(f"/{SIGNATURE}/plain/local:///a.jpg?status=404&token=swordfish")

    assert SIGNATURE not in str(lines)
    assert "swordfish" not in str(lines)


async def test_an_application_that_fails_is_logged_as_an_error(lines: list[Any]) -> None:
    await ask("/a")

    (line,) = lines
    assert (line["log_level"], line["status"]) == ("error", 500)


@pytest.mark.parametrize(
    ("raw_path", "shown"),
    [
        (b"/sig/w:300/plain/local:///a", "/…/w:300/plain/local:///a"),
        (b"/health", "/health"),
        (b"/", "/"),
        (b"/sig/", "/sig/"),
        (b"//sig/a", "/…/sig/a"),
        (f"//{SIGNATURE}/a".encode(), "/…/.../a"),
        (f"/x/../{SIGNATURE}/w:1/a".encode(), "/…/../.../w:1/a"),
        (b"/sig/" + b"a" * 100_000, "/…/" + "a" * 2000),
        (b"/" + b"a" * 100_000, "/" + "a" * 199),
    ],
)
def test_a_path_is_logged_without_its_signature_and_cut(raw_path: bytes, shown: str) -> None:
    assert redacted(raw_path) == shown
