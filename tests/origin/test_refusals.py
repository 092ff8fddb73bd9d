"""Requests that get no picture: what they are told, through the whole application."""

from __future__ import annotations

import time

import pytest

from origin.picture_file import sealed_picture
from origin.sources import errors as sources
from origin.sources.source import Blob, Version
from tests.origin.live import CHROME, Origin, photo, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("/", "signature_missing"),
        ("/w:300/plain/local:///a.jpg", "signature_missing"),
        ("/a+b/plain/local:///a.jpg", "signature_malformed"),
        ("/AAAA/plain/local:///a.jpg", "signature_length"),
        ("/" + "A" * 43 + "/plain/local:///a.jpg", "signature_mismatch"),
        ("/unsafe/plain/local:///a.jpg", "signature_malformed"),
    ],
)
async def test_an_unsigned_request_costs_no_look_at_any_store(
    opened: Origin, target: str, code: str
) -> None:
    class Untouchable:
        async def stat(self, key: str) -> Version:
            raise AssertionError(key)

        async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
            raise AssertionError(key)

    answer = await opened.reading(Untouchable()).send("GET", target)

    assert answer.status_code == 403
    assert answer.headers["x-safelight-error"] in (code, "signature_length")
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("blur:nan", ("blur", "nan", "0..100")),
        ("w:-1", ("w", "width", "-1", "0")),
        ("rs:squeeze:1:1", ("squeeze", "fit", "fill")),
        ("q:101", ("q", "101", "0..100")),
        ("blurr:1", ("blurr", "not an option")),
        ("f:exe", ("exe", "jpeg", "avif")),
        ("exp:soon", ("exp", "soon")),
        ("w:1e999", ("1e999",)),
        ("bg:zzz", ("bg", "zzz")),
        ("pr:none", ("no preset", "none")),
    ],
)
async def test_a_wrong_option_is_told_with_its_value_and_its_bound(
    opened: Origin, options: str, words: tuple[str, ...]
) -> None:
    text = await opened.get(f"/{options}/plain/local:///a.jpg", {"accept": "*/*"})
    details = await opened.get(f"/{options}/plain/local:///a.jpg", {"accept": "application/json"})

    assert (text.status_code, details.status_code) == (400, 400)
    assert text.headers["x-safelight-error"] == "invalid_url"
    assert details.headers["content-type"] == "application/problem+json"
    for word in words:
        assert word in text.text
        assert word in details.json()["detail"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/plain/", 400, "invalid_url"),
        ("/plain/%00", 400, "source_reference"),
        ("/plain/%FF", 400, "invalid_url"),
        ("/plain/local:///a%00.jpg", 400, "source_reference"),
        ("/plain/local:///%2e%2e/a.jpg", 400, "source_reference"),
        ("/plain/local:///a//b.jpg", 400, "source_reference"),
        ("/plain/a.jpg", 400, "source_reference"),
        ("/plain/%zz", 400, "invalid_url"),
        ("/enc/abc", 400, "invalid_url"),
        ("/!!!", 400, "invalid_url"),
        ("/plain/local:///none.jpg", 404, "source_not_found"),
        ("/plain/http://169.254.169.254/latest", 404, "source_not_allowed"),
        ("/plain/s3://secret/key.jpg", 404, "source_not_allowed"),
        ("/plain/file:///etc/passwd", 400, "source_reference"),
        ("/msr:5/plain/local:///a.jpg", 403, "option_forbidden"),
        ("/f:ico/plain/local:///real.jpg", 422, "output_unsupported"),
        ("/plain/local:///text.jpg", 415, "source_unsupported"),
        ("/plain/local:///empty.jpg", 415, "source_unsupported"),
        ("/w:20/plain/local:///cut.jpg", 422, "source_broken"),
        ("/rs:force:9000:9000/el:1/plain/local:///real.jpg", 422, "limit_exceeded"),
    ],
)
@pytest.mark.parametrize("accept", [CHROME, "application/json"])
async def test_what_cannot_be_answered_has_a_status_and_a_code(
    opened: Origin, path: str, status: int, code: str, accept: str
) -> None:
    opened.put(photo(), "real.jpg")
    opened.put(b"#!/bin/sh\n" * 50, "text.jpg")
    opened.put(b"", "empty.jpg")
    opened.put(photo(600, 400)[:1500], "cut.jpg")

    get = await opened.get(path, {"accept": accept, "x-request-id": "same"})
    head = await opened.head(path, {"accept": accept, "x-request-id": "same"})

    assert (get.status_code, get.headers["x-safelight-error"]) == (status, code)
    assert get.headers["cache-control"] == get.headers["cdn-cache-control"] == "no-store"
    assert get.headers["vary"] == "Accept"
    assert head.headers == get.headers
    assert head.content == b""
    assert len(get.content) < 700


async def test_limits_name_the_value_and_the_setting(opened: Origin) -> None:
    source = opened.put(photo())

    answer = await opened.get(f"/rs:force:9000:9000/el:1/plain/{source}")

    assert all(word in answer.text for word in ("81.0", "40", "SAFELIGHT_MAX_RESULT_MEGAPIXELS"))


async def test_a_source_of_too_many_bytes_is_refused_by_the_name_of_the_limit(
    opened: Origin,
) -> None:
    strict = opened.having(max_src_mb=0.0001)

    answer = await strict.get(f"/w:20/plain/{strict.put(photo(300, 300))}")

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (413, "source_too_large")
    assert "SAFELIGHT_MAX_SRC_MB" in answer.text


@pytest.mark.parametrize(("length", "status"), [(8192, 404), (8193, 414), (60_000, 414)])
async def test_a_url_is_at_most_8_kib_long(opened: Origin, length: int, status: int) -> None:
    end = "/plain/local:///none.jpg"
    room = length - len(signed(f"/cb:{end}"))

    answer = await opened.get(f"/cb:{'x' * room}{end}")

    assert answer.status_code == status
    if status == 414:
        assert answer.headers["x-safelight-error"] == "url_too_long"
        assert "8192" in answer.text


async def test_a_long_query_is_ignored_like_a_short_one(opened: Origin) -> None:
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    assert (await opened.send("GET", f"{target}?{'x' * 50_000}")).status_code == 200


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (sources.SourceTimeout("slow"), 504, "source_timeout"),
        (sources.SourceUnavailable("down"), 502, "source_unavailable"),
        (sources.SourceDenied("AccessDenied: AKIAEXAMPLE"), 502, "source_denied"),
        (sources.SourceTruncated("a", expected=2, got=1), 502, "source_truncated"),
        (sources.SourceChanged("a", expected="1"), 502, "source_changed"),
        (sources.SourceNotFound("gone"), 404, "source_not_found"),
    ],
)
@pytest.mark.parametrize("conditional", [{}, {"if-none-match": '"x"'}])
async def test_a_store_that_fails_is_told_apart_without_its_words(
    opened: Origin,
    error: sources.SourceError,
    status: int,
    code: str,
    conditional: dict[str, str],
) -> None:
    class Failing:
        async def stat(self, key: str) -> Version:
            raise error

        async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
            raise error

    answer = await opened.reading(Failing()).get("/w:20/plain/local:///a.jpg", conditional)

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (status, code)
    assert "AKIA" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_a_transfer_that_broke_off_is_tried_once_more(opened: Origin) -> None:
    class Flaky:
        asked = 0

        async def stat(self, key: str) -> Version:
            return Version("1", None, None)

        async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
            self.asked += 1
            if self.asked == 1:
                raise sources.SourceTruncated(key, expected=2, got=1)
            return Blob(Version("1", None, None), sealed_picture(photo()))

    store = Flaky()

    answer = await opened.reading(store).get("/w:20/plain/local:///a.jpg@png")

    assert (answer.status_code, store.asked) == (200, 2)
    assert "last-modified" not in answer.headers


async def test_expiry_comes_before_the_source(opened: Origin) -> None:
    answer = await opened.get(f"/exp:{int(time.time()) - 1}/plain/local:///none.jpg")

    assert answer.status_code == 410
