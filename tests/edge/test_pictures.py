"""Real origins behind every edge: two processes with a Redis and an object store."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.edge.claims import needs
from tests.edge.conftest import EDGES
from tests.edge.edges import Edge
from tests.edge.fleet import BRIEF, Fleet, fleet
from tests.origin.live import CHROME, signed
from tests.redis_server import serve_redis
from tests.s3 import serve_s3
from tests.system.nodes import BLUE, RED, colour_of
from tests.system.server import wait

_numbers = itertools.count()


@pytest.fixture(scope="module")
def origins(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with (
        serve_s3(folder / "s3") as store,
        serve_redis(folder / "redis") as redis,
        fleet(folder, store, redis) as opened,
    ):
        yield opened


@pytest.fixture(scope="module", params=list(EDGES))
def edge(
    request: pytest.FixtureRequest, origins: Fleet, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp(request.param)
    # One region: the other one's origins are the same again.
    with EDGES[request.param](folder, origins.ports * 2) as opened:
        yield opened


@pytest.fixture(autouse=True)
def all_up(origins: Fleet, edge: Edge) -> Iterator[None]:
    yield
    origins.start()


def name() -> str:
    """Of a picture that nobody has asked for."""
    return f"{next(_numbers)}.png"


def everyone(edge: Edge, paths: list[str]) -> list[httpx.Response]:
    with ThreadPoolExecutor(len(paths)) as clients:
        return list(clients.map(edge.get, paths))


def test_many_who_ask_for_a_new_picture_are_one_render_in_all(edge: Edge, origins: Fleet) -> None:
    path = signed(f"/w:50/plain/{origins.put(name(), side=600)}@png")
    before = sum(origins.counts("workers", "begun"))

    answers = everyone(edge, [path] * 40)

    assert {answer.status_code for answer in answers} == {200}
    assert len({(answer.headers["etag"], answer.content) for answer in answers}) == 1
    assert sum(origins.counts("workers", "begun")) == before + 1


def test_all_sizes_of_a_picture_are_made_by_one_origin_of_one_fetch(
    edge: Edge, origins: Fleet
) -> None:
    source = origins.put(name())
    begun, fetched = origins.counts("workers", "begun"), origins.counts("sources", "fetched")

    # One after the other: a bound on its load might send some of many at once to the other origin.
    for width in range(10, 18):
        assert edge.get(signed(f"/w:{width}/plain/{source}@png")).status_code == 200

    now = origins.counts("workers", "begun"), origins.counts("sources", "fetched")
    assert sorted(b - a for a, b in zip(begun, now[0], strict=True)) == [0, 8]
    assert sorted(b - a for a, b in zip(fetched, now[1], strict=True)) == [0, 1]


def test_spellings_of_accept_and_queries_are_one_question(edge: Edge, origins: Fleet) -> None:
    source = origins.put(name())
    path = signed(f"/w:30/plain/{source}")
    spellings = ["image/webp", "image/webp,*/*", "image/WebP;q=0.9,*/*;q=0.1", "a/b,image/webp"]

    answers = [edge.get(path, accept=accept) for accept in spellings]
    answers += [edge.get(f"{path}?utm={n}", accept="image/webp") for n in range(5)]
    modern = edge.get(path, accept=CHROME)

    assert {answer.headers["content-type"] for answer in answers} == {"image/webp"}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert modern.headers["content-type"] == "image/avif"
    wait(lambda: origins.heard(source) == 2)


def test_a_bad_signature_reaches_no_origin(edge: Edge, origins: Fleet) -> None:
    needs(edge, "signature")
    source = origins.put(name())
    path = signed(f"/w:30/plain/{source}")

    answer = edge.get(path.replace("w:30", "w:31"))

    assert answer.status_code == 403
    assert edge.get(path).status_code == 200
    wait(lambda: origins.heard(source) == 1)


def test_parts_and_heads_are_those_of_the_picture(edge: Edge, origins: Fleet) -> None:
    path = signed(f"/w:60/plain/{origins.put(name())}@png")

    whole = edge.get(path)
    head = edge.get(path, "HEAD")
    part = edge.get(path, range="bytes=8-15")

    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    assert (part.status_code, part.content) == (206, whole.content[8:16])
    assert len({answer.headers["etag"] for answer in (whole, head, part)}) == 1
    assert "surrogate-key" not in whole.headers


def test_a_purge_is_seen_through_the_edge(edge: Edge, origins: Fleet) -> None:
    needs(edge, "purge")
    picture = name()
    source = origins.put(picture, RED)
    path = signed(f"/w:20/plain/{source}@png")
    before = colour_of(edge.get(path))
    origins.put(picture, BLUE)

    edge.forget(source, origins.purge(source))

    assert before == RED
    wait(lambda: colour_of(edge.get(path)) == BLUE)


def test_copies_outlive_the_origins_and_are_renewed_after(edge: Edge, origins: Fleet) -> None:
    needs(edge, "stale-if-error")
    pictures = [f"{BRIEF}/{name()}" for _ in range(4)]
    paths = [signed(f"/w:20/plain/{origins.put(each, RED)}@png") for each in pictures]
    answers = [edge.get(path) for path in paths]
    time.sleep(2.1)
    for index in (0, 1):
        origins.kill(index)

    meanwhile = [edge.get(path) for path in paths * 2]
    cold = edge.get(signed(f"/w:21/plain/{origins.put(name())}@png"))
    origins.start()
    for each in pictures:
        origins.put(each, BLUE)

    assert {answer.status_code for answer in answers + meanwhile} == {200}
    assert [answer.content for answer in meanwhile] == [answer.content for answer in answers] * 2
    assert cold.status_code in (502, 503, 504)
    wait(lambda: {colour_of(edge.get(path)) for path in paths} == {BLUE})


def test_nobody_notices_that_an_origin_is_killed(edge: Edge, origins: Fleet) -> None:
    sources = [origins.put(name()) for _ in range(12)]
    hot = [signed(f"/w:9/plain/{source}@png") for source in sources]
    numbers, over = itertools.count(), threading.Event()
    answers: list[tuple[int, str]] = []

    def visitor() -> None:
        while not over.is_set():
            n = next(numbers)
            cold = signed(f"/w:{10 + n // 12}/plain/{sources[n % 12]}@png")
            for answer in (edge.get(cold), edge.get(hot[n % 12])):
                answers.append((answer.status_code, "" if answer.is_success else answer.text))

    with ThreadPoolExecutor(6) as clients:
        visitors = [clients.submit(visitor) for _ in range(6)]
        try:
            wait(lambda: len(answers) > 60)
            origins.kill(0)
            before = len(answers)
            wait(lambda: len(answers) > before + 60)
        finally:
            over.set()
        for each in visitors:
            each.result()

    assert set(answers) == {(200, "")}
