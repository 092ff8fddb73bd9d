"""A real origin behind the Worker: its URLs are right, and answers come back whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.edge.edges import KEYS, Edge
from tests.edge.worker import worker
from tests.origin.live import CHROME, signed
from tests.pictures import saved, sheet
from tests.system.nodes import RED, colour_of
from tests.system.server import running


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("origin")
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "red square.png").write_bytes(saved(sheet(64, 64, RED)))
    settings: dict[str, Any] = {**KEYS, "LOCAL_ROOT": pictures, "WORKERS": 1}
    with (
        running(folder, **settings) as server,
        worker(tmp_path_factory.mktemp("worker"), [server.port] * 4) as opened,
    ):
        yield opened


PATH = signed("/w:32/plain/local:///red%20square.png")


def test_a_picture_comes_in_the_best_format_that_the_visitor_reads(edge: Edge) -> None:
    answers = [edge.get(PATH, accept=accept) for accept in ("", "image/webp", CHROME)]

    types = [answer.headers["content-type"] for answer in answers]
    assert types == ["image/png", "image/webp", "image/avif"]
    assert colour_of(answers[0]) == RED
    assert {answer.headers["cache-control"].partition(",")[0] for answer in answers} == {"public"}
    assert not any("cache-tag" in answer.headers for answer in answers)


def test_what_happened_to_the_url_on_its_way_is_undone(edge: Edge) -> None:
    mangled = PATH.replace("w:32", "w%3A32").replace("local:///", "local:/")

    assert edge.get(mangled).content == edge.get(PATH).content


def test_heads_parts_and_conditions_are_those_of_the_picture(edge: Edge) -> None:
    whole = edge.get(PATH)

    head = edge.get(PATH, "HEAD")
    part = edge.get(PATH, range="bytes=1-7")
    known = edge.get(PATH, if_none_match=whole.headers["etag"])

    assert (head.status_code, head.headers["content-length"]) == (200, str(len(whole.content)))
    assert (part.status_code, part.content) == (206, whole.content[1:8])
    assert (known.status_code, known.content) == (304, b"")
    assert {answer.headers["etag"] for answer in (head, part, known)} == {whole.headers["etag"]}


def test_errors_are_the_origins_own_and_not_kept_for_long(edge: Edge) -> None:
    missing = edge.get(signed("/w:32/plain/local:///missing.png"))
    wrong = edge.get(signed("/nonsense:1/plain/local:///red%20square.png"))

    assert (missing.status_code, wrong.status_code) == (404, 400)
    for answer in (missing, wrong):
        assert answer.headers["cache-control"] in ("no-store", "public, max-age=10")
