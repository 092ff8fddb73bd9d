"""What an edge keeps of the origins' answers, and when it lets go of it."""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.edge.claims import needs
from tests.edge.edges import Edge
from tests.edge.scripted import BRIEFLY, NOT_KEPT, Reply, Stage
from tests.origin.live import signed
from tests.system.server import wait

_numbers = itertools.count()
TAGS = {"Cache-Tag": "s-1,shop", "Surrogate-Key": "s-1 shop", "xkey": "s-1 shop"}
FAILURES = (429, 500, 502, 503, 504)
UNTIL_IT_EXPIRES = "public, max-age=1"
# Caches count whole seconds.
EXPIRY = 2.1


def fresh(options: str = "w:100") -> str:
    """A signed path that nobody has asked for."""
    return signed(f"/{options}/plain/local:///kept-{next(_numbers)}.jpg")


def bodies(edge: Edge, paths: list[str]) -> list[bytes]:
    return [edge.get(path).content for path in paths]


@pytest.fixture(scope="module")
def expired(edge: Edge, origins: Stage) -> dict[str, str]:
    """Paths by what they are for; the edge has a copy of each, whose time is over."""
    first = {
        **{str(status): Reply(b"good", cache_control=BRIEFLY) for status in FAILURES},
        "renewed": Reply(b"old", cache_control=BRIEFLY),
        "gone": Reply(b"until it expired", cache_control=UNTIL_IT_EXPIRES),
        "confirmed": Reply(b"the same", headers={"ETag": '"one"'}, cache_control=UNTIL_IT_EXPIRES),
        "aged": Reply(headers={"Age": "30"}, cache_control="public, max-age=600"),
    }
    paths = {name: fresh() for name in first}
    for name, path in paths.items():
        origins.script[path] = first[name]
        edge.get(path)
    time.sleep(EXPIRY)
    return paths


def test_many_who_ask_at_once_are_one_question(edge: Edge, origins: Stage) -> None:
    path = fresh()
    gate = threading.Event()
    origins.script[path] = Reply(b"for all", gate=gate)

    with ThreadPoolExecutor(24) as clients:
        asking = [clients.submit(edge.get, path) for _ in range(24)]
        wait(lambda: len(origins.about(path)) > 0)
        time.sleep(0.2)  # whoever comes later finds the copy
        gate.set()
        answers = [each.result() for each in asking]

    assert {(answer.status_code, answer.content) for answer in answers} == {(200, b"for all")}
    assert len(origins.about(path)) == 1


def test_a_head_and_ranges_are_served_from_the_copy(edge: Edge, origins: Stage) -> None:
    path = fresh()
    origins.script[path] = Reply(bytes(range(100)), headers={"Accept-Ranges": "bytes"})

    whole = edge.get(path)
    head = edge.get(path, "HEAD")
    part = edge.get(path, range="bytes=10-19")

    assert (whole.status_code, whole.content) == (200, bytes(range(100)))
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "100")
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["content-range"] == "bytes 10-19/100"
    assert len(origins.about(path)) == 1


def test_who_has_the_copy_is_told_so_by_the_edge(edge: Edge, origins: Stage) -> None:
    needs(edge, "conditions")
    path = fresh()
    origins.script[path] = Reply(headers={"ETag": '"one"'})

    first = edge.get(path, if_none_match='"one"')
    known = edge.get(path, if_none_match='"one"')
    other = edge.get(path, if_none_match='"two"')

    assert first.status_code in (200, 304)
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", '"one"')
    assert (other.status_code, other.content) == (200, b"a picture")
    assert len(origins.about(path)) == 1
    assert "if-none-match" not in origins.about(path)[0].headers


def test_who_asks_for_a_part_first_has_the_whole_kept(edge: Edge, origins: Stage) -> None:
    path = fresh()
    origins.script[path] = Reply(bytes(range(100)), headers={"Accept-Ranges": "bytes"})

    edge.get(path, range="bytes=10-19")
    whole = edge.get(path)

    assert (whole.status_code, whole.content) == (200, bytes(range(100)))
    assert ["range" in asked.headers for asked in origins.about(path)] == [False]


def test_a_head_that_comes_first_hides_no_picture(edge: Edge, origins: Stage) -> None:
    path = fresh()

    head = edge.get(path, "HEAD")
    got = edge.get(path)

    assert (head.status_code, head.content) == (200, b"")
    assert (got.status_code, got.content) == (200, b"a picture")


def test_formats_are_kept_apart(edge: Edge, origins: Stage) -> None:
    path = fresh()
    origins.script[path] = Reply(b"avif", headers={"Vary": "Accept"})
    first = edge.get(path, accept="image/avif,image/webp")
    origins.script[path] = Reply(b"jpeg", headers={"Vary": "Accept"})

    other = edge.get(path)
    again = edge.get(path, accept="image/webp,image/avif,*/*")

    assert [answer.content for answer in (first, other, again)] == [b"avif", b"jpeg", b"avif"]
    assert {answer.headers["vary"] for answer in (first, other, again)} == {"Accept"}


def test_the_age_of_a_copy_is_told(edge: Edge, expired: dict[str, str]) -> None:
    answer = edge.get(expired["aged"])

    assert int(answer.headers["age"]) in range(32, 600)
    assert "hit" in answer.headers["cache-status"]


def test_tags_are_for_the_edge_alone(edge: Edge, origins: Stage) -> None:
    path = fresh()
    origins.script[path] = Reply(headers={**TAGS, "CDN-Cache-Control": "max-age=60"})

    answers = [edge.get(path), edge.get(path)]

    for answer in answers:
        assert not {*map(str.lower, TAGS), "cdn-cache-control"} & set(answer.headers)


def test_errors_are_passed_on_and_not_kept(edge: Edge, origins: Stage) -> None:
    statuses = (400, 403, 404, 410, 422, 429, 500, 502, 503, 504)
    paths = {fresh(): status for status in statuses}
    for path, status in paths.items():
        origins.script[path] = Reply(status=status, cache_control=NOT_KEPT)
    told = [edge.get(path).status_code for path in paths]
    for path in paths:
        origins.script[path] = Reply(b"well again")

    after = bodies(edge, list(paths))

    assert told == list(statuses)
    assert after == [b"well again"] * len(paths)


def test_what_is_missing_is_remembered_as_long_as_its_answer_says(
    edge: Edge, origins: Stage
) -> None:
    path = fresh()
    origins.script[path] = Reply(status=404, cache_control="public, max-age=10")

    answers = [edge.get(path) for _ in range(5)]

    assert {answer.status_code for answer in answers} == {404}
    assert len(origins.about(path)) == 1


def test_an_error_never_replaces_a_good_copy(
    edge: Edge, origins: Stage, expired: dict[str, str]
) -> None:
    needs(edge, "stale-if-error")
    paths = [expired[str(status)] for status in FAILURES]
    for path, status in zip(paths, FAILURES, strict=True):
        origins.script[path] = Reply(b"bad", status, NOT_KEPT)

    meanwhile = [bodies(edge, paths) for _ in range(3)]
    origins.script |= dict.fromkeys(paths, Reply(b"good again"))

    assert meanwhile == [[b"good"] * 5] * 3
    wait(lambda: bodies(edge, paths) == [b"good again"] * 5)


def test_nobody_waits_while_a_copy_is_renewed(
    edge: Edge, origins: Stage, expired: dict[str, str]
) -> None:
    needs(edge, "stale-while-revalidate")
    path, gate = expired["renewed"], threading.Event()
    origins.script[path] = Reply(b"new", gate=gate)

    with ThreadPoolExecutor(8) as clients:
        meanwhile = {answer.content for answer in clients.map(edge.get, [path] * 8)}
    gate.set()

    assert meanwhile == {b"old"}
    wait(lambda: edge.get(path).content == b"new")
    assert len(origins.about(path)) == 2


def test_what_may_not_be_served_stale_is_not(
    edge: Edge, origins: Stage, expired: dict[str, str]
) -> None:
    path = expired["gone"]
    origins.script[path] = Reply(status=410, cache_control=NOT_KEPT)

    answers = [edge.get(path) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [410] * 3


def test_a_copy_is_confirmed_by_its_etag(
    edge: Edge, origins: Stage, expired: dict[str, str]
) -> None:
    path = expired["confirmed"]
    origins.script[path] = Reply(b"", 304, headers={"ETag": '"one"'})

    answers = [edge.get(path), edge.get(path)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"the same")] * 2
    first, *others = origins.about(path)
    assert "if-none-match" not in first.headers
    assert [asked.headers.get("if-none-match") for asked in others] == ['"one"']


def test_a_purge_forgets_every_format_and_size_of_a_source(edge: Edge, origins: Stage) -> None:
    needs(edge, "purge")
    paths, other, tag = sizes(f"purged-{edge.name}.jpg"), fresh(), f"s-{edge.name}"
    tags = {"Surrogate-Key": f"shop {tag}", "Vary": "Accept"}

    def shown(accept: str) -> set[bytes]:
        return {edge.get(path, accept=accept).content for path in paths}

    for body in (b"old", b"new"):
        origins.script |= dict.fromkeys(paths, Reply(body, headers=tags))
        origins.script[other] = Reply(body, headers={"Surrogate-Key": "shop s-2"})
        kept = [shown(""), shown("image/webp"), {edge.get(other).content}]

    edge.forget(f"local:///purged-{edge.name}.jpg", tag)

    assert kept == [{b"old"}] * 3
    wait(lambda: shown("") == shown("image/webp") == {b"new"})
    assert edge.get(other).content == b"old"


def sizes(name: str) -> list[str]:
    return [signed(f"/w:{width}/plain/local:///{name}") for width in (100, 200, 300)]
