"""Errors as answers: short text or problem details, never kept, never telling secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from origin.errors import ANSWERS, Overloaded
from origin.problem import problem
from origin.sources.errors import SourceDenied, SourceError, SourceTooLarge
from transforms.errors import PlanError

JSON = {"accept": "application/json"}


def answer(
    error: Exception, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> Response:
    lines = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
    return problem(Request({"type": "http", "method": method, "headers": lines}), error)


def made(cls: type[Exception]) -> Exception:
    if issubclass(cls, SourceTooLarge):
        return SourceTooLarge("a.jpg", size=2, limit=1)
    if issubclass(cls, SourceError):
        return cls.__new__(cls, "the words")
    return cls("the words")


@pytest.mark.parametrize("cls", ANSWERS, ids=lambda cls: cls.__name__)
def test_no_cache_keeps_an_error_for_long(cls: type[Exception]) -> None:
    headers = answer(made(cls)).headers

    for name in ("cache-control", "cdn-cache-control"):
        ages = [int(age) for age in re.findall(r"max-age=(\d+)", headers[name])]
        assert headers[name] == "no-store" or max(ages) <= 60


@pytest.mark.parametrize("cls", ANSWERS, ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_every_error_is_a_short_text_or_problem_details_with_its_code(
    cls: type[Exception], accept: str
) -> None:
    response = answer(made(cls), {"accept": accept})

    body = bytes(response.body).decode()
    assert response.status_code == ANSWERS[cls].status
    assert response.headers["x-safelight-error"] == ANSWERS[cls].code
    assert response.headers["vary"] == "Accept"
    if accept == "*/*":
        assert response.headers["content-type"] == "text/plain; charset=utf-8"
        assert body.startswith(ANSWERS[cls].public)
        assert body.count("\n") == 1
    else:
        assert response.headers["content-type"] == "application/problem+json"
        assert json.loads(body)["status"] == response.status_code
        assert json.loads(body)["code"] == ANSWERS[cls].code
        assert json.loads(body)["title"] == ANSWERS[cls].public


@pytest.mark.parametrize("accept", [None, "", "*/*", "text/html,*/*;q=0.8", "image/avif,*/*"])
def test_whoever_does_not_ask_for_json_gets_text(accept: str | None) -> None:
    response = answer(PlanError("no"), {} if accept is None else {"accept": accept})

    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_what_is_wrong_with_the_clients_own_url_is_told() -> None:
    error = PlanError("resize: width: expected a whole number, got “x”")

    assert "expected a whole number, got “x”" in bytes(answer(error).body).decode()
    assert json.loads(bytes(answer(error, JSON).body))["detail"] == str(error)


def test_what_is_wrong_with_our_store_is_not_told() -> None:
    body = bytes(answer(SourceDenied("AccessDenied for AKIAEXAMPLE on s3.internal")).body)

    assert b"AKIA" not in body
    assert b"internal" not in body


def test_line_breaks_in_a_message_do_not_reach_the_client() -> None:
    body = bytes(answer(PlanError("one\r\n\r\n<script>two")).body)

    assert body == b"Invalid image URL: one <script>two\n"


@pytest.mark.parametrize("headers", [{}, JSON])
def test_a_head_is_answered_with_the_headers_of_a_get_and_no_body(headers: dict[str, str]) -> None:
    get, head = (answer(PlanError("no"), headers, method) for method in ("GET", "HEAD"))

    assert head.raw_headers == get.raw_headers
    assert head.body == b""
    assert int(head.headers["content-length"]) == len(get.body)


def test_only_a_busy_server_asks_to_come_again() -> None:
    assert int(answer(Overloaded("full")).headers["retry-after"]) >= 1
    assert "retry-after" not in answer(PlanError("no")).headers


def test_a_wrong_method_is_told_the_right_ones() -> None:
    assert answer(HTTPException(405)).headers["allow"] == "GET, HEAD, OPTIONS"
