"""`/explain` on the admin port: what may be asked, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from origin.admin import make_admin
from origin.admin_requests import Question


@pytest.fixture
def asked() -> list[Question]:
    return []


@pytest.fixture
def client(asked: list[Question]) -> httpx.AsyncClient:
    async def explain(question: Question) -> Mapping[str, Any]:
        asked.append(question)
        return {"understood": True}

    app = make_admin(lambda: True, explain=explain)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://admin")


async def test_a_link_can_ask_but_not_have_anything_made(
    client: httpx.AsyncClient, asked: list[Question]
) -> None:
    fine = await client.get("/explain", params={"url": "/a/b", "accept": "image/webp"})
    refused = await client.get("/explain", params={"url": "/a/b", "run": "1"})

    assert fine.json() == {"understood": True}
    assert fine.headers["cache-control"] == "no-store"
    assert asked == [Question("/a/b", "image/webp")]
    assert refused.status_code == 400
    assert "run is for POST" in refused.json()["error"]


async def test_a_body_can_ask_for_a_run(client: httpx.AsyncClient, asked: list[Question]) -> None:
    answer = await client.post("/explain", json={"url": "/a/b", "accept": "", "run": True})

    assert answer.status_code == 200
    assert asked == [Question("/a/b", "", run=True)]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({}, "expected url, perhaps accept and run, got none"),
        ({"url": "/a", "key": "x"}, "expected url, perhaps accept and run, got ['key', 'url']"),
        ({"url": 1}, "url: expected text, got 1"),
        ({"url": "/a", "run": 1}, "run: expected true or false, got 1"),
        ({"url": "/a", "accept": []}, "accept: expected text, got []"),
    ],
)
async def test_what_is_no_question_is_refused(
    client: httpx.AsyncClient, asked: list[Question], body: dict[str, Any], complaint: str
) -> None:
    refused = await client.post("/explain", json=body)

    assert refused.status_code == 400
    assert refused.json() == {"error": complaint}
    assert not asked
