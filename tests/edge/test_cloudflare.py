"""What the Worker lets through, under which URL, and whom it asks.

How long Cloudflare keeps the answers is not to be seen here: one URL is one copy, so URLs are what
these tests look at.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing.imgproxy import ImgproxyScheme
from tests.edge.edges import KEYS, PAIRS, Edge
from tests.edge.scripted import Reply, Stage, ports, stage
from tests.edge.test_asking import POISON
from tests.edge.vectors import VECTORS
from tests.edge.worker import WRANGLER, worker
from tests.origin.live import signed

_numbers = itertools.count()
HOME = (0, 1)


def fresh(options: str = "w:100") -> str:
    """A signed path that nobody has asked for."""
    return signed(f"/{options}/plain/local:///worker-{next(_numbers)}.jpg")


@pytest.fixture(scope="module")
def origins() -> Iterator[Stage]:
    with stage(4) as opened:
        yield opened


@pytest.fixture(scope="module")
def edge(origins: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with worker(tmp_path_factory.mktemp("worker"), ports(origins.origins)) as opened:
        yield opened


@pytest.fixture(autouse=True)
def all_up(origins: Stage) -> Iterator[None]:
    yield
    for origin in origins.origins:
        origin.up()


def test_good_signatures_are_let_through_under_one_name(edge: Edge, origins: Stage) -> None:
    before = len(origins.heard)

    answers = [edge.get(vector.path) for vector in VECTORS.accepted]

    assert {answer.status_code for answer in answers} == {200}
    scheme = ImgproxyScheme(PAIRS)
    assert [asked.target for asked in origins.heard[before:]] == [
        scheme.sign(vector.rest.encode()).decode() for vector in VECTORS.accepted
    ]


def test_bad_signatures_end_here(edge: Edge, origins: Stage) -> None:
    before = len(origins.heard)

    answers = [edge.get(vector.path) for vector in VECTORS.refused]

    assert [(answer.status_code, answer.headers["x-safelight-error"]) for answer in answers] == [
        (403, vector.refusal) for vector in VECTORS.refused
    ]
    assert {answer.headers["cache-control"] for answer in answers} == {"no-store"}
    assert len(origins.heard) == before


def test_a_signature_that_could_be_guessed_is_none(edge: Edge) -> None:
    path = fresh()

    answer = edge.get(path[:21] + path[44:])  # fifteen bytes of it

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (403, "signature_length")


def test_accept_is_reduced_as_an_origin_reads_it(edge: Edge, origins: Stage) -> None:
    path = fresh()

    for accept in VECTORS.accept:
        edge.get(path, accept=accept)

    asked = origins.about(path)
    assert [each.headers["accept"] for each in asked] == list(VECTORS.accept.values())
    urls = {(each.target.removeprefix(path), each.headers["accept"]) for each in asked}
    assert urls == {
        ("", "*/*"),
        ("?accept=avif", "image/avif"),
        ("?accept=webp", "image/webp"),
        ("?accept=avif,webp", "image/avif,image/webp"),
    }


@pytest.mark.parametrize("ending", ["plain/local:///a.jpg@png", "bG9jYWw6Ly8vYS5qcGc.png"])
def test_a_url_that_names_its_format_is_one_for_all(
    edge: Edge, origins: Stage, ending: str
) -> None:
    path = signed(f"/w:{next(_numbers) + 1}/{ending}")

    for accept in ("", "image/webp", "image/avif,image/webp"):
        edge.get(path, accept=accept)

    assert [asked.target for asked in origins.about(path)] == [path] * 3
    assert {asked.headers["accept"] for asked in origins.about(path)} == {"*/*"}


def test_a_query_makes_no_url(edge: Edge, origins: Stage) -> None:
    path = fresh()

    for query in ("", "?a", "?utm=1&b=2", "?accept=avif", "??"):
        assert edge.get(f"{path}{query}").status_code == 200

    assert [asked.target for asked in origins.about(path)] == [path] * 5


def test_poison_reaches_no_origin(edge: Edge, origins: Stage) -> None:
    path = fresh()

    edge.get(path, **POISON, x_forwarded_for="203.0.113.7", cf_connecting_ip="198.51.100.9")

    (asked,) = origins.about(path)
    assert not set(POISON.values()) & set(asked.headers.values())
    assert asked.headers["x-forwarded-for"] == "198.51.100.9"


def test_parts_and_conditions_are_asked_for_and_tags_not_shown(edge: Edge, origins: Stage) -> None:
    path = fresh()
    tags = {"Cache-Tag": "s-1,shop", "Surrogate-Key": "s-1", "CDN-Cache-Control": "max-age=9"}
    origins.script[path] = Reply(headers={**tags, "ETag": '"one"'})

    answer = edge.get(path, if_none_match='"one"', range="bytes=1-2", cookie="a=1")

    (asked,) = origins.about(path)
    assert (asked.headers["if-none-match"], asked.headers["range"]) == ('"one"', "bytes=1-2")
    assert answer.headers["etag"] == '"one"'
    assert not {name.lower() for name in tags} & set(answer.headers)


def test_all_sizes_of_a_picture_meet_at_one_origin(edge: Edge) -> None:
    sources = [f"s3://shop/shoes/{n}/cat.jpg" for n in range(20)]

    places = [
        {edge.get(signed(f"/w:{width}/plain/{source}@png")).headers["x-origin"] for width in (8, 9)}
        for source in sources
    ]

    assert {len(place) for place in places} == {1}
    assert set.union(*places) == {"0", "1"}


def test_where_an_origin_cannot_be_reached_another_is_asked_and_then_the_other_region(
    edge: Edge, origins: Stage
) -> None:
    path = fresh()
    first = int(edge.get(path).headers["x-origin"])

    origins.origins[first].down()
    second = edge.get(path)
    origins.origins[1 - first].down()
    third = edge.get(path)

    assert first in HOME
    assert (second.status_code, second.headers["x-origin"]) == (200, str(1 - first))
    assert (third.status_code, third.headers["x-origin"] in ("2", "3")) == (200, True)


def test_pictures_stay_where_they_are_when_another_origin_goes(edge: Edge, origins: Stage) -> None:
    paths = [fresh() for _ in range(8)]
    before = {path: edge.get(path).headers["x-origin"] for path in paths}
    origins.origins[0].down()

    after = {path: edge.get(path).headers["x-origin"] for path in paths if before[path] == "1"}

    assert after
    assert set(after.values()) == {"1"}


def test_without_any_origin_the_answer_is_a_503_that_is_not_kept(
    edge: Edge, origins: Stage
) -> None:
    for origin in origins.origins:
        origin.down()

    answer = edge.get(fresh())

    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert answer.headers["retry-after"] == "2"


def test_an_answer_that_is_late_is_not_waited_for_twice(origins: Stage, tmp_path: Path) -> None:
    path, gate = fresh(), threading.Event()
    origins.script[path] = Reply(gate=gate)

    with worker(tmp_path, ports(origins.origins), patience=1) as hasty:
        try:
            answer = hasty.get(path)
        finally:
            gate.set()

    assert (answer.status_code, answer.headers["cache-control"]) == (503, "no-store")
    assert len(origins.about(path)) == 1


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503, 504])
def test_an_answer_is_an_answer_whatever_it_says(edge: Edge, origins: Stage, status: int) -> None:
    path = fresh()
    origins.script[path] = Reply(b"no", status=status, cache_control="no-store")

    answer = edge.get(path)

    assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store")
    assert len(origins.about(path)) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_methods_that_pictures_do_not_have_are_refused(
    edge: Edge, origins: Stage, method: str
) -> None:
    path = fresh()

    assert edge.get(path, method).status_code == 405

    assert origins.about(path) == []


def test_what_wrangler_deploys_has_what_the_worker_asks_for() -> None:
    assert WRANGLER["main"] == "worker.js"
    assert set(WRANGLER["vars"]) == {"ORIGINS_HOME", "ORIGINS_AWAY"}
    assert set(KEYS) == {"KEYS", "SALTS"}
