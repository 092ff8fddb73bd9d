"""Conditional requests through the whole application: 304 and 412 without any pixel work."""

from __future__ import annotations

import os

import pytest

from origin.sources.errors import SourceChanged
from origin.sources.local import LocalFolder
from origin.sources.source import Blob, Version
from tests.origin.live import CHROME, Origin, kind_of, photo, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")

MOMENT = 1_000_000_000
AT = "Sun, 09 Sep 2001 01:46:40 GMT"
BEFORE = "Sun, 09 Sep 2001 01:46:39 GMT"
AFTER = "Sun, 09 Sep 2001 01:46:41 GMT"
REPEATED = (
    "etag",
    "cache-control",
    "cdn-cache-control",
    "last-modified",
    "vary",
    "x-content-type-options",
    "content-security-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
)


def path_of(opened: Origin) -> str:
    source = opened.put(photo())
    os.utime(opened.root / source.removeprefix("local:///"), (MOMENT, MOMENT))
    return f"/w:32/plain/{source}"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "pattern",
    [
        "{etag}",
        "W/{etag}",
        '"other", {etag}',
        '"with, comma", W/"x", W/{etag}',
        "*",
        " {etag} ",
    ],
)
async def test_a_client_that_has_the_result_is_told_so(
    opened: Origin, method: str, pattern: str
) -> None:
    path = path_of(opened)
    first = await opened.get(path, {"accept": CHROME})

    headers = {"accept": CHROME, "if-none-match": pattern.format(etag=first.headers["etag"])}
    answer = await opened.send(method, signed(path), headers)

    assert (answer.status_code, answer.content) == (304, b"")
    assert {name: answer.headers[name] for name in REPEATED} == {
        name: first.headers[name] for name in REPEATED
    }
    assert "content-type" not in answer.headers


async def test_a_304_needs_no_worker(opened: Origin) -> None:
    path = path_of(opened)
    etag = (await opened.get(path)).headers["etag"]

    answer = await opened.without_workers().get(path, {"if-none-match": etag})

    assert answer.status_code == 304


async def test_a_304_of_a_named_format_does_not_vary(opened: Origin) -> None:
    path = path_of(opened) + "@png"
    etag = (await opened.get(path)).headers["etag"]

    answer = await opened.get(path, {"if-none-match": etag, "accept": CHROME})

    assert answer.status_code == 304
    assert "vary" not in answer.headers


async def test_the_tag_of_another_format_is_not_the_clients(opened: Origin) -> None:
    path = path_of(opened)
    plain = await opened.get(path, {"accept": "*/*"})

    answer = await opened.get(path, {"accept": CHROME, "if-none-match": plain.headers["etag"]})

    assert answer.status_code == 200
    assert kind_of(answer.content) == "avif"


@pytest.mark.parametrize("junk", ["", ",", "etag", '"half', "W/", '"x"', '"a" "b"', "x" * 8192])
async def test_a_tag_that_is_none_of_ours_is_answered_in_full(opened: Origin, junk: str) -> None:
    answer = await opened.get(path_of(opened), {"if-none-match": junk})

    assert answer.status_code == 200


async def test_a_list_in_several_lines_is_one_list(opened: Origin) -> None:
    path = path_of(opened)
    etag = (await opened.get(path)).headers["etag"]

    lines = [("if-none-match", '"other"'), ("if-none-match", etag)]
    answer = await opened.send("GET", signed(path), lines)

    assert answer.status_code == 304


@pytest.mark.parametrize(
    ("since", "status"),
    [(AT, 304), (AFTER, 304), (BEFORE, 200), ("yesterday", 200), ("", 200)],
)
async def test_a_client_may_ask_by_date(opened: Origin, since: str, status: int) -> None:
    answer = await opened.get(path_of(opened), {"if-modified-since": since})

    assert answer.status_code == status


async def test_a_tag_goes_before_a_date(opened: Origin) -> None:
    headers = {"if-none-match": '"other"', "if-modified-since": AFTER}

    assert (await opened.get(path_of(opened), headers)).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if-match": '"other"'}, 412),
        ({"if-match": "*"}, 200),
        ({"if-unmodified-since": BEFORE}, 412),
        ({"if-unmodified-since": AT}, 200),
        ({"if-match": '"other"', "if-none-match": "*"}, 412),
    ],
)
async def test_a_client_may_insist_on_a_version(
    opened: Origin, headers: dict[str, str], status: int
) -> None:
    answer = await opened.get(path_of(opened), headers)

    assert answer.status_code == status
    if status == 412:
        assert answer.headers["x-safelight-error"] == "precondition_failed"
        assert answer.headers["cache-control"] == "no-store"


async def test_our_own_tag_matches_when_it_is_insisted_on(opened: Origin) -> None:
    path = path_of(opened)
    etag = (await opened.get(path)).headers["etag"]

    assert (await opened.get(path, {"if-match": f'"other", {etag}'})).status_code == 200
    assert (await opened.get(path, {"if-match": f"W/{etag}"})).status_code == 412


async def test_a_missing_source_is_missing_whatever_the_client_has(opened: Origin) -> None:
    answer = await opened.get("/w:32/plain/local:///none.jpg", {"if-none-match": "*"})

    assert answer.status_code == 404


async def test_a_source_overwritten_between_the_look_and_the_reading_is_read_anew(
    opened: Origin,
) -> None:
    class Overwritten:
        """Changes once, behind the back of whoever has looked at a version."""

        def __init__(self) -> None:
            self.folder = LocalFolder(opened.root)
            self.refused = 0

        async def stat(self, key: str) -> Version:
            version = await self.folder.stat(key)
            if not self.refused:
                opened.put(photo(seed=77), key)
            return version

        async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
            try:
                return await self.folder.fetch(key, max_bytes=max_bytes, version=version)
            except SourceChanged:
                self.refused += 1
                raise

    source = opened.put(photo())
    path, store = f"/w:24/plain/{source}@png", Overwritten()
    before = await opened.get(f"/w:25/plain/{source}@png")

    answer = await opened.reading(store).get(path, {"if-none-match": '"x"'})
    after = await opened.get(path)

    assert store.refused == 1
    assert answer.headers["etag"] == after.headers["etag"]
    assert answer.headers["last-modified"] >= before.headers["last-modified"]
    assert answer.content == after.content
