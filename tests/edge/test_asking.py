"""What the origins are asked, whatever clients send."""

from __future__ import annotations

import itertools
import socket
from contextlib import suppress

import httpx
import pytest

from signing.imgproxy import ImgproxyScheme
from tests.edge.claims import needs
from tests.edge.edges import PAIRS, Edge
from tests.edge.scripted import NOT_KEPT, Reply, Stage
from tests.edge.vectors import VECTORS
from tests.origin.live import signed

_numbers = itertools.count()

POISON = {
    "x_forwarded_host": "evil.example",
    "x_forwarded_prefix": "/evil",
    "x_forwarded_proto": "gopher",
    "x_host": "evil.example",
    "x_original_url": "/evil",
    "x_rewrite_url": "/evil",
    "x_http_method_override": "POST",
    "forwarded": "host=evil.example",
    "origin": "https://evil.example",
    "cookie": "session=1",
    "authorization": "Bearer evil",
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "accept_encoding": "gzip, br",
    "cache_control": "no-cache",
    "pragma": "no-cache",
}


def fresh(options: str = "w:100") -> str:
    """A signed path that nobody has asked for."""
    return signed(f"/{options}/plain/local:///asked-{next(_numbers)}.jpg")


def test_five_spellings_of_accept_are_one_variant(edge: Edge, origins: Stage) -> None:
    path = fresh()
    spellings = [
        "image/webp",
        "image/webp,*/*",
        "image/webp,image/apng,image/*,*/*;q=0.8",
        "image/WEBP;q=0.9, image/*;q=0.5",
        "text/html, image/avif;q=0, image/webp",
    ]

    answers = [edge.get(path, accept=accept) for accept in spellings]

    assert {answer.status_code for answer in answers} == {200}
    assert [asked.headers["accept"] for asked in origins.about(path)] == ["image/webp"]


@pytest.mark.parametrize("ending", ["plain/local:///%s.jpg@png", "%s.png"])
def test_a_url_that_names_its_format_has_one_copy_for_all(
    edge: Edge, origins: Stage, ending: str
) -> None:
    path = signed(f"/w:100/{ending % f'bG9jYWw6Ly8v{next(_numbers):04}'}")

    for accept in ("", "image/webp", "image/avif,image/webp"):
        edge.get(path, accept=accept)

    assert len(origins.about(path)) == 1


@pytest.mark.parametrize("accept", list(VECTORS.accept))
def test_accept_is_reduced_as_an_origin_reads_it(edge: Edge, origins: Stage, accept: str) -> None:
    path = fresh()
    origins.script[path] = Reply(cache_control=NOT_KEPT)

    edge.get(path, accept=accept)

    (asked,) = origins.about(path)
    assert asked.headers["accept"] == VECTORS.accept[accept]


def test_a_query_is_not_passed_on_and_makes_no_key(edge: Edge, origins: Stage) -> None:
    path = fresh()

    answers = [edge.get(f"{path}{query}") for query in ("", "?a", "?utm=1&b=2", "?%00", "??")]

    assert {answer.status_code for answer in answers} == {200}
    assert [asked.target for asked in origins.about(path)] == [path]


def test_poison_reaches_no_origin_and_makes_no_key(edge: Edge, origins: Stage) -> None:
    each, at_once = fresh(), fresh()

    answers = [edge.get(each, **{name: value}) for name, value in POISON.items()]
    answers.append(edge.get(at_once, **POISON))

    assert {answer.status_code for answer in answers} == {200}
    assert not any("content-encoding" in answer.headers for answer in answers)
    for path in (each, at_once):
        (asked,) = origins.about(path)
        assert not set(POISON.values()) & set(asked.headers.values())


def test_the_client_is_the_last_of_those_that_are_named(edge: Edge, origins: Stage) -> None:
    path = fresh()

    edge.get(path, x_forwarded_for="203.0.113.7")

    (asked,) = origins.about(path)
    first, last = asked.headers["x-forwarded-for"].split(",")
    assert first == "203.0.113.7"
    # Envoy has an address of the machine for whoever comes from there.
    assert last.strip() == "127.0.0.1" or edge.name == "envoy"


def test_a_path_is_passed_on_as_it_was_signed(edge: Edge, origins: Stage) -> None:
    path = signed(f"/w:100/plain/s3://shop//a%2Fb%41%20{next(_numbers)}/./../c.jpg@png")

    with socket.create_connection(("127.0.0.1", int(edge.url.rpartition(":")[2])), 30) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        answer = link.recv(4096)

    assert answer.startswith(b"HTTP/1.1 200")
    assert [asked.target for asked in origins.about(path)] == [path]


@pytest.mark.parametrize("path", [vector.path for vector in VECTORS.refused])
def test_a_bad_signature_ends_at_the_edge(edge: Edge, origins: Stage, path: str) -> None:
    needs(edge, "signature")

    answer = edge.get(path)

    assert answer.status_code == 403
    assert answer.headers["cache-control"] == "no-store"
    assert origins.about(path) == []


@pytest.mark.parametrize("path", [vector.path for vector in VECTORS.accepted])
def test_a_good_signature_is_let_through(edge: Edge, origins: Stage, path: str) -> None:
    answer = edge.get(path)

    assert answer.status_code == 200


def test_all_spellings_of_one_signed_path_are_one_key(edge: Edge, origins: Stage) -> None:
    needs(edge, "signature")
    path = fresh("rs:fit:40:30")
    rest = path[44:].encode()
    others = [ImgproxyScheme(PAIRS, size=size).sign(rest).decode() for size in (16, 24, 31)]
    others += [path.replace("rs:fit", "rs%3Afit"), path.replace("rs:fit", "rs%3afit")]
    before = len(origins.heard)

    answers = [edge.get(each) for each in (path, *others)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(origins.heard) == before + 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "PURGE", "BAN", "TRACE"])
def test_methods_that_pictures_do_not_have_are_refused(
    edge: Edge, origins: Stage, method: str
) -> None:
    path = fresh()

    answer = edge.get(path, method)

    assert answer.status_code in (400, 403, 405)
    assert origins.about(path) == []


def test_a_body_is_not_passed_on(edge: Edge, origins: Stage) -> None:
    path = fresh()
    request = httpx.Request("GET", edge.url + path, content=b"a body")

    answer = edge.client.send(request)

    assert answer.status_code in (200, 400, 413)
    assert not any(
        {"content-length", "transfer-encoding"} & set(asked.headers)
        for asked in origins.about(path)
    )


@pytest.mark.parametrize("big", ["path", "field"])
def test_a_head_that_no_browser_sends_is_refused(edge: Edge, origins: Stage, big: str) -> None:
    path = fresh(f"w:{'1' * 50_000}") if big == "path" else fresh()
    fields = {"x_long": "a" * 100_000} if big == "field" else {}

    # Or the connection is broken off.
    with suppress(httpx.TransportError):
        assert edge.get(path, **fields).status_code in (400, 414, 431)

    assert origins.about(path) == []
