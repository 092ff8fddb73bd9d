from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from cache.purges import Scope
from origin.admin import make_admin
from origin.admin_requests import BodyTooSlow, read_body
from origin.purge_report import PurgeReport
from origin.sources.errors import SourceReferenceError
from origin.warming import Warmed, WarmResult, warm
from tests.origin.admin_server import Oven, Purges, Served, serving, wait
from tests.system.server import open_client
from transforms.dialects.imgproxy import Imgproxy
from transforms.plan import Plan

READ = Imgproxy().parse
FACTS = {"memory": {"entries": 3, "bytes": 12000}}


@pytest.fixture
def purges() -> Purges:
    return Purges()


@pytest.fixture
def admin(purges: Purges) -> Iterator[httpx.Client]:
    app = make_admin(lambda: True, purge=purges.purge, warm=Oven().warm, facts=lambda: FACTS)
    with serving(app) as served, client(served) as asking:
        yield asking


def client(served: Served) -> httpx.Client:
    return open_client(served.url, timeout=30)


def lines(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.iter_lines()]


@pytest.mark.parametrize("ready", [True, False])
def test_probes_tell_life_and_readiness_and_end_their_connection(ready: bool) -> None:
    with serving(make_admin(lambda: ready)) as served, client(served) as admin:
        alive, state = admin.get("/livez"), admin.get("/readyz")

    assert (alive.status_code, alive.text) == (200, "alive\n")
    assert state.status_code == (200 if ready else 503)
    assert state.json() == {"ready": ready, "serving": ready, "ailments": []}
    for answer in (alive, state):
        assert answer.headers["connection"] == "close"
        assert answer.headers["cache-control"] == "no-store"


def test_there_are_no_routes_for_what_was_not_given() -> None:
    with serving(make_admin(lambda: True)) as served, client(served) as admin:
        answers = [admin.post("/purge"), admin.post("/warm"), admin.get("/cache")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert answers[0].json() == {"error": "Not Found: POST /purge"}


@pytest.mark.parametrize(
    ("scope", "name"),
    [("source", "local:///a.jpg"), ("prefix", "s3://shop/"), ("tag", "shop:winter")],
)
def test_a_purge_is_done_and_reported(
    admin: httpx.Client, purges: Purges, scope: str, name: str
) -> None:
    answer = admin.post("/purge", json={scope: name})

    assert purges.asked == [(scope, name)]
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "connection" not in answer.headers
    assert answer.json() == {
        "scope": scope,
        "name": name,
        "generation": 1,
        "tiers": {"memory": "dropped"},
        "reached": ["web-1", "web-2"],
        "missing": [],
        "tags": [] if scope == "prefix" else ["s-0123456789abcdef", "shop"],
        "within_s": 60.0,
    }


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "no JSON"),
        (b"source=a", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"1" * 5000, "no JSON"),
        (b'["a"]', "expected a JSON object, got ['a']"),
        (b"{}", "expected one member, source, prefix or tag, got none"),
        (b'{"source": "a", "tag": "b"}', "got ['source', 'tag']"),
        (b'{"url": "a"}', "got ['url']"),
        (b'{"source": 1}', "source: expected text, got 1"),
        (b'{"source": "\\ud800"}', "source: expected Unicode text"),
        (b'{"prefix": ""}', "prefix: expected a name, got an empty one"),
        (b'{"tag": "two words"}', "tag: expected 1..128 characters"),
        (b'{"source": "%s"}' % (b"a" * 8193), "at most 8192 bytes, got 8193"),
    ],
)
def test_a_purge_that_is_none_is_refused_with_what_was_expected(
    admin: httpx.Client, purges: Purges, body: bytes, complaint: str
) -> None:
    answer = admin.post("/purge", content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]
    assert answer.headers["cache-control"] == "no-store"
    assert not purges.asked


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_what_a_foreign_web_page_can_send_is_refused(
    admin: httpx.Client, purges: Purges, kind: str
) -> None:
    answer = admin.post("/purge", content=b'{"tag": "a"}', headers={"content-type": kind})

    assert answer.status_code == 400
    assert "expected" in answer.json()["error"]
    assert admin.options("/purge").status_code == 405
    assert not purges.asked


@pytest.mark.parametrize("path", ["/purge", "/warm"])
def test_a_body_has_a_largest_size(admin: httpx.Client, path: str) -> None:
    body = b"[" + b" " * (4 * 2**20)
    answer = admin.post(path, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 413
    assert answer.json() == {"error": "expected at most 4194304 bytes, got more"}


async def test_a_body_must_come_in_time() -> None:
    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    headers = [(b"content-type", b"application/json; charset=utf-8")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)

    with pytest.raises(BodyTooSlow, match=r"within 0\.01 s, got 0 bytes and no end"):
        await read_body(request, seconds=0.01)


def test_only_the_methods_that_mean_something_are_taken(admin: httpx.Client) -> None:
    answers = [admin.get("/purge"), admin.get("/warm"), admin.post("/cache")]

    assert [answer.status_code for answer in answers] == [405, 405, 405]
    assert [set(answer.headers["allow"].split(", ")) for answer in answers] == [
        {"POST"},
        {"POST"},
        {"GET", "HEAD"},
    ]


def test_the_facts_of_the_cache_are_told(admin: httpx.Client) -> None:
    answer = admin.get("/cache")

    assert (answer.status_code, answer.json()) == (200, FACTS)
    assert answer.headers["cache-control"] == "no-store"


def test_an_error_of_the_purge_is_told_in_its_own_words_if_it_was_foreseen() -> None:
    async def purge(_scope: Scope, name: str) -> PurgeReport:
        raise SourceReferenceError("no scheme") if name == "a" else RuntimeError("a secret")

    with serving(make_admin(lambda: True, purge=purge)) as served, client(served) as admin:
        foreseen, other = (admin.post("/purge", json={"source": name}) for name in "ab")

    assert (foreseen.status_code, foreseen.json()) == (400, {"error": "no scheme"})
    assert other.status_code == 500
    assert "secret" not in other.text
    assert other.headers["cache-control"] == "no-store"


def test_results_of_a_warming_are_lines_of_json(admin: httpx.Client) -> None:
    paths = ["/pr:thumb/plain/local:///a.jpg", "/plain/local:///b.jpg@png", "/oops:1/plain/c"]

    answer = admin.post("/warm", json={"paths": paths})

    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["cache-control"] == "no-store"
    results = {(line["path"], tuple(line["formats"])): line for line in lines(answer)}
    assert {key: (line["status"], line["of"]) for key, line in results.items()} == {
        (paths[0], ("avif", "webp")): ("made", 3),
        (paths[0], ("webp",)): ("made", 3),
        (paths[0], ()): ("made", 3),
        (paths[1], ("png",)): ("made", 1),
        (paths[2], ()): ("failed", 1),
    }
    assert results[paths[2], ()]["error"] == "invalid_url"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ({}, "expected one member, paths, which is a list; got none"),
        ({"paths": "/a"}, "got ['paths']"),
        ({"paths": [], "at_once": 3}, "got ['at_once', 'paths']"),
        ({"paths": ["/a", None]}, "paths[1]: expected text, got None"),
        ({"paths": ["/a"] * 1001}, "expected at most 1000 at a time, got 1001"),
    ],
)
def test_a_warming_that_is_none_is_refused_with_what_was_expected(
    admin: httpx.Client, content: object, complaint: str
) -> None:
    answer = admin.post("/warm", json=content)

    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


def test_a_result_is_sent_as_soon_as_it_is_there() -> None:
    gate = threading.Event()

    async def make(plan: Plan) -> Warmed:
        if plan.source == "slow":
            await asyncio.to_thread(gate.wait, 30)
        return Warmed("made", 1)

    def warming(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        return warm(paths, read=READ, offers=((),), make=make, at_once=2)

    with serving(make_admin(lambda: True, warm=warming)) as served, client(served) as admin:
        content = {"paths": ["/plain/slow@png", "/plain/quick@png"]}
        with admin.stream("POST", "/warm", json=content) as answer:
            came = answer.iter_lines()
            first = json.loads(next(came))
            gate.set()
            second = json.loads(next(came))

    assert (first["path"], second["path"]) == ("/plain/quick@png", "/plain/slow@png")


def test_a_client_that_leaves_ends_the_work_for_it() -> None:
    started: list[str] = []
    cancelled: list[str] = []

    async def make(plan: Plan) -> Warmed:
        started.append(plan.source)
        if plan.source == "quick":
            return Warmed("made", 1)
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(plan.source)
        raise AssertionError

    def warming(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        return warm(paths, read=READ, offers=((),), make=make, at_once=2)

    with serving(make_admin(lambda: True, warm=warming)) as served, client(served) as admin:
        content = {"paths": [f"/plain/{name}@png" for name in ("quick", "a", "b", "c")]}
        with admin.stream("POST", "/warm", json=content) as answer:
            next(answer.iter_raw())
            wait(lambda: len(started) == 3)
        wait(lambda: len(cancelled) == 2)

    assert (started, sorted(cancelled)) == (["quick", "a", "b"], ["a", "b"])


def test_a_server_that_stops_ends_a_warming_early_and_begins_none() -> None:
    ready = [True]

    def stop(plan: Plan) -> None:
        if plan.source == "c":
            ready[0] = False

    oven = Oven(before=stop)
    with serving(make_admin(lambda: ready[0], warm=oven.warm)) as served, client(served) as admin:
        content = {"paths": [f"/plain/{name}@png" for name in "abcdefghijklmnop"]}
        cut = admin.post("/warm", json=content)
        refused = admin.post("/warm", json=content)

    assert 1 <= len(lines(cut)) < 16
    assert refused.status_code == 503
    assert "expected a server that is ready" in refused.json()["error"]
