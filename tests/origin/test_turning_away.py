"""The early 503 is the one that the whole way gives, and given for the same requests."""

from __future__ import annotations

from typing import Any

import pytest

from origin.app import Application
from origin.hot import HotAnswer
from tests.origin.live import CHROME, Origin, photo, signed
from tests.origin.test_turned_away import crowded, turned_away

pytestmark = pytest.mark.asyncio(loop_scope="session")

_VARYING = {"x-request-id"}


def scope_of(target: str, *fields: tuple[str, str], method: str = "GET") -> dict[str, Any]:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in fields]
    return {"type": "http", "method": method, "raw_path": target.encode(), "headers": headers}


def at_once(origin: Origin, target: str, *fields: tuple[str, str]) -> HotAnswer | None:
    return Application(origin.services).answer_at_once(scope_of(target, *fields))


def parts(answer: HotAnswer) -> tuple[str, dict[str, str]]:
    status, *lines = (answer.head + answer.rest).decode("latin-1").split("\r\n")
    fields = dict(line.split(": ", 1) for line in lines if line)
    return status, {name: value for name, value in fields.items() if name not in _VARYING}


@pytest.mark.parametrize(
    "fields", [(), (("accept", CHROME),), (("origin", "https://a.example"), ("accept", "*/*"))]
)
async def test_it_is_the_answer_of_the_whole_way(
    opened: Origin, fields: tuple[tuple[str, str], ...]
) -> None:
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    with crowded(opened):
        early = at_once(opened, target, *fields)
        whole = await opened.send("GET", target, list(fields))

    assert turned_away(whole)
    assert early is not None
    status, headers = parts(early)
    assert status == "HTTP/1.1 503 Service Unavailable"
    assert early.body == whole.content
    assert headers == {name: value for name, value in whole.headers.items() if name not in _VARYING}


async def test_it_counts_and_begins_nothing(opened: Origin) -> None:
    meter = opened.services.variants.meter
    before = (meter.cell("shed").count, meter.errors["overloaded"], opened.services.workers.begun)
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    with crowded(opened):
        for _ in range(3):
            assert at_once(opened, target) is not None

    after = (meter.cell("shed").count, meter.errors["overloaded"], opened.services.workers.begun)
    assert after == (before[0] + 3, before[1] + 3, before[2])


async def test_with_room_everything_goes_the_whole_way(opened: Origin) -> None:
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    assert at_once(opened, target) is None


@pytest.mark.parametrize(
    "fields",
    [
        (("if-none-match", '"a"'),),
        (("range", "bytes=0-9"),),
        (("accept", "application/problem+json"),),
    ],
)
async def test_what_is_not_plain_goes_the_whole_way(
    opened: Origin, fields: tuple[tuple[str, str], ...]
) -> None:
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    with crowded(opened):
        assert at_once(opened, target, *fields) is None


@pytest.mark.parametrize("target", ["/forged/w:20/plain/local:///a.jpg", "/health", "/", "/_/x"])
async def test_what_would_fail_for_another_reason_is_told_that_reason(
    opened: Origin, target: str
) -> None:
    with crowded(opened):
        assert at_once(opened, target) is None
        whole = await opened.send("GET", target)

    assert whole.status_code != 503


async def test_what_is_kept_is_given(opened: Origin) -> None:
    path = f"/w:20/plain/{opened.put(photo())}@png"
    await opened.get(path)

    with crowded(opened):
        early = at_once(opened, signed(path))
        whole = await opened.get(path)

    assert early is None or early.head.startswith(b"HTTP/1.1 200")
    assert whole.status_code == 200
