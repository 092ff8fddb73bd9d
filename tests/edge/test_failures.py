"""Which origin is asked, and what becomes of a request when it does not answer."""

from __future__ import annotations

import base64
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.edge.claims import needs
from tests.edge.edges import MOST_AT_ONCE, Edge
from tests.edge.scripted import BRIEFLY, NOT_KEPT, Reply, Stage
from tests.origin.live import signed
from tests.system.server import wait

_numbers = itertools.count()
HOME, AWAY = (0, 1), (2, 3)


def fresh(options: str = "w:100", source: str = "") -> str:
    """A signed path that nobody has asked for."""
    return signed(f"/{options}/plain/{source or f'local:///failing-{next(_numbers)}.jpg'}")


@pytest.fixture(autouse=True)
def all_up(edge: Edge, origins: Stage) -> Iterator[None]:
    """Afterwards as well: every origin at home answers for the edge again."""
    yield
    if any(origin.is_down for origin in origins.origins):
        for origin in origins.origins:
            origin.up()
        wait(lambda: {edge.get(fresh()).headers.get("x-origin") for _ in range(8)} == {"0", "1"})


def asked_at(origins: Stage, edge: Edge, paths: list[str]) -> list[int]:
    """The origins that were asked for each of the paths, which are new."""
    answers = [edge.get(path) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return [int(answer.headers["x-origin"]) for answer in answers]


def test_all_sizes_of_a_picture_meet_at_one_origin(edge: Edge, origins: Stage) -> None:
    sources = [f"s3://shop/shoes/{n}/cät.jpg" for n in range(12)]
    places = []
    for source in sources:
        plain = source.replace("ä", "%C3%A4")
        coded = base64.urlsafe_b64encode(source.encode()).rstrip(b"=").decode()
        paths = [signed(f"/w:{width}/plain/{plain}") for width in (100, 200)]
        paths += [
            signed(f"/rs:fit:40:30/q:70/-/blur:2/plain/{plain}@{ext}") for ext in ("webp", "png")
        ]
        paths += [signed(f"/w:300/{coded}.avif"), signed(f"/w:300/{coded[:9]}/{coded[9:]}")]

        places.append(set(asked_at(origins, edge, paths)))

    assert {len(place) for place in places} == {1}
    assert set().union(*places) == set(HOME)


def test_a_picture_that_everybody_wants_is_more_than_one_origins_work(
    edge: Edge, origins: Stage
) -> None:
    source, gate = f"s3://shop/popular/{edge.name}.jpg", threading.Event()
    paths = [fresh(f"w:{width}", source) for width in range(1, 3 * MOST_AT_ONCE)]
    origins.script |= dict.fromkeys(paths, Reply(gate=gate))

    with ThreadPoolExecutor(len(paths)) as clients:
        asking = [clients.submit(edge.get, path) for path in paths]
        try:
            wait(lambda: sum(len(origins.about(path)) for path in paths) >= 2 * MOST_AT_ONCE)
        finally:
            gate.set()
        answers = [each.result() for each in asking]

    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["x-origin"] for answer in answers} >= {"0", "1"}


def test_an_origin_that_has_too_much_to_do_is_not_asked_twice(edge: Edge, origins: Stage) -> None:
    path = fresh()
    origins.script[path] = Reply(status=503, cache_control=NOT_KEPT)

    answer = edge.get(path)

    assert answer.status_code == 503
    assert len(origins.about(path)) == 1


@pytest.mark.parametrize("status", [500, 502, 504])
def test_what_an_origin_says_of_a_source_is_as_true_of_any_other(
    edge: Edge, origins: Stage, status: int
) -> None:
    path = fresh()
    origins.script[path] = Reply(status=status, cache_control=NOT_KEPT)

    answer = edge.get(path)

    assert answer.status_code == status
    assert len(origins.about(path)) == 1


def test_the_pictures_of_an_origin_that_is_down_come_from_the_other(
    edge: Edge, origins: Stage
) -> None:
    origins.origins[0].down()

    places = asked_at(origins, edge, [fresh() for _ in range(20)])

    assert set(places) == {1}


def test_an_origin_that_goes_takes_no_pictures_of_others_with_it(
    edge: Edge, origins: Stage
) -> None:
    sources = [f"s3://shop/stays/{n}.jpg" for n in range(16)]
    before = asked_at(origins, edge, [fresh("w:1", source) for source in sources])
    origins.origins[0].down()

    after = asked_at(origins, edge, [fresh("w:2", source) for source in sources])
    # Until the probes have missed it, a few may be sent on to the other region.
    widths = itertools.count(10)

    def settled() -> bool:
        paths = [fresh(f"w:{next(widths)}", source) for source in sources]
        return set(asked_at(origins, edge, paths)) == {1}

    wait(settled)
    origins.origins[0].up()
    wait(lambda: {edge.get(fresh()).headers["x-origin"] for _ in range(8)} == {"0", "1"})
    again = asked_at(origins, edge, [fresh("w:3", source) for source in sources])

    assert set(before) == set(HOME)
    assert {now for now, home in zip(after, before, strict=True) if home == 1} == {1}
    assert 0 not in after
    assert again == before


def test_the_other_region_answers_while_home_is_down(edge: Edge, origins: Stage) -> None:
    for index in HOME:
        origins.origins[index].down()

    places = asked_at(origins, edge, [fresh() for _ in range(12)])

    assert set(places) == set(AWAY)


def test_copies_are_served_while_every_origin_is_down(edge: Edge, origins: Stage) -> None:
    needs(edge, "stale-if-error")
    paths = [fresh() for _ in range(6)]
    origins.script |= dict.fromkeys(paths, Reply(b"good", cache_control=BRIEFLY))
    asked_at(origins, edge, paths)
    time.sleep(2.1)
    for origin in origins.origins:
        origin.down()

    answers = [edge.get(path) for path in paths * 3]
    cold = edge.get(fresh())

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"good")}
    assert cold.status_code in (502, 503, 504)
    assert cold.headers["cache-control"] == "no-store"
