"""The tier in an object store that refuses, knows less than S3, or is no object store at all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cache.entry import Entry, pack, unpack
from cache.errors import CorruptEntry, TierFailed
from cache.objects import ObjectCache
from origin.objects import open_objects
from tests.origin.sources.impostor import Answer, Impostor, chunked, found, impersonate, refused
from tests.s3 import S3Server, isolate_aws

SOURCE = "5a" * 16
KEY = f"{SOURCE}/{'c0' * 32}"
ENTRY = Entry(bytes(range(256)) * 2000, "image/png", "png", 1, 1, 1, 1, 1, "png", 1.0)
FRAME = pack(KEY, ENTRY)
DONE = Answer(200, ("Content-Length: 0",), then="close")
GONE = Answer(204, (), then="close")


@pytest.fixture
async def impostor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Impostor]:
    isolate_aws(monkeypatch, S3Server("", "AKIAIMPOSTOR00000000", "s" * 40, Path()).environment)
    async with impersonate() as server:
        yield server


@pytest.fixture(params=[True, False], ids=["signed-here", "client-alone"])
async def objects(request: pytest.FixtureRequest, impostor: Impostor) -> AsyncIterator[ObjectCache]:
    async with open_objects(
        "photos",
        "results",
        endpoint=impostor.url,
        region=None,
        timeout=20.0,
        connections=2,
        max_entry_bytes=len(FRAME),
        signed_here=request.param,
    ) as cache:
        yield cache


def _refused(status: int, code: str) -> Answer:
    """The impostor reads no bodies of requests, so it must not go on after one."""
    return replace(refused(status, code), then="close")


def _list(*keys: str, more: bool = False) -> Answer:
    contents = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    token = "<NextContinuationToken>t</NextContinuationToken>" if more else ""
    body = (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>"
        f"{token}{contents}</ListBucketResult>"
    ).encode()
    return Answer(200, (f"Content-Length: {len(body)}",), body)


@pytest.mark.parametrize(
    ("status", "code"), [(412, "PreconditionFailed"), (409, "ConditionalRequestConflict")]
)
async def test_an_object_that_is_already_there_counts_as_written(
    impostor: Impostor, objects: ObjectCache, status: int, code: str
) -> None:
    impostor.will(_refused(status, code))

    kept = await objects.set(KEY, FRAME)

    assert kept is True
    assert impostor.requests[0].headers["if-none-match"] == "*"
    assert impostor.requests[0].target.partition("?")[0] == f"/photos/results/{KEY}"


async def test_a_store_that_knows_no_conditions_is_asked_without_from_then_on(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(_refused(501, "NotImplemented"), DONE)

    kept = [await objects.set(KEY, FRAME), await objects.set(KEY, FRAME)]

    assert kept == [True, True]
    conditions = [request.headers.get("if-none-match") for request in impostor.requests]
    assert conditions[0] == "*"
    assert conditions[-2:] == [None, None]


async def test_without_leave_to_list_a_missing_object_is_a_miss_and_logged_once(
    impostor: Impostor, objects: ObjectCache, caplog: pytest.LogCaptureFixture
) -> None:
    impostor.will(refused(403, "AccessDenied"))

    read = [await objects.get(KEY), await objects.get(KEY), await objects.exists(KEY)]

    assert read == [None, None, False]
    assert objects.denied == 3
    assert len(caplog.messages) == 1
    assert "SAFELIGHT_CACHE_RESULTS" in caplog.messages[0]
    assert "s3:ListBucket" in caplog.messages[0]


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (301, "PermanentRedirect"),
        (400, "ExpiredToken"),
        (403, "InvalidAccessKeyId"),
        (403, None),
        (404, "NoSuchBucket"),
        (500, "InternalError"),
        (503, "SlowDown"),
        (503, None),
    ],
)
async def test_other_refusals_are_failures(
    impostor: Impostor, objects: ObjectCache, status: int, code: str | None
) -> None:
    impostor.will(refused(status, code))

    with pytest.raises(TierFailed, match=rf"SAFELIGHT_CACHE_RESULTS.*{code or status}"):
        await objects.get(KEY)


async def test_a_refusal_is_a_failure_whatever_is_asked(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(_refused(403, "InvalidAccessKeyId"))

    for call in (
        objects.get(KEY),
        objects.set(KEY, FRAME),
        objects.set(KEY, FRAME, ttl=1.0),
        objects.exists(KEY),
        objects.delete(KEY),
        objects.clear(namespace=SOURCE),
    ):
        with pytest.raises(TierFailed, match="InvalidAccessKeyId"):
            await call


async def test_a_write_that_is_denied_is_a_failure(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(_refused(403, "AccessDenied"))

    with pytest.raises(TierFailed, match="AccessDenied"):
        await objects.set(KEY, FRAME)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(found(FRAME[:1000], length=len(FRAME), then="close"), id="announced"),
        pytest.param(chunked(FRAME[:1000], ends=False), id="chunked"),
        pytest.param(
            Answer(200, (f"Content-Length: {len(FRAME)}", "x-amz-meta-expires: never"), FRAME),
            id="expiry",
        ),
        pytest.param(Answer(200, ("Content-Length: two",), FRAME), id="length"),
    ],
)
async def test_answers_that_are_cut_or_nonsense_are_failures(
    impostor: Impostor, objects: ObjectCache, answer: Answer
) -> None:
    impostor.will(answer)

    with pytest.raises(TierFailed):
        await objects.get(KEY)


@pytest.mark.parametrize("length", [0, 1000, len(FRAME) - 1])
async def test_a_cut_that_http_cannot_tell_is_seen_by_the_frame(
    impostor: Impostor, objects: ObjectCache, length: int
) -> None:
    impostor.will(Answer(200, (), FRAME[:length], "close"))

    frame = await objects.get(KEY)

    assert frame is not None
    with pytest.raises(CorruptEntry):
        unpack(KEY, frame)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(found(FRAME, length=1 << 40, then="hang"), id="announced"),
        pytest.param(chunked(FRAME, b"more", ends=True), id="chunked"),
    ],
)
async def test_no_more_is_read_than_would_be_written(
    impostor: Impostor, objects: ObjectCache, answer: Answer
) -> None:
    impostor.will(answer)

    assert await objects.get(KEY) is None


async def test_a_chunked_answer_of_the_greatest_length_is_read(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(chunked(FRAME[:1000], FRAME[1000:], ends=True))

    assert unpack(KEY, await objects.get(KEY)) == ENTRY


@pytest.mark.parametrize("status", [400, 405, 501])
async def test_a_store_that_cannot_delete_many_is_asked_one_by_one(
    impostor: Impostor, objects: ObjectCache, status: int
) -> None:
    keys = [f"results/{SOURCE}/1", f"results/{SOURCE}/2"]
    impostor.will(_list(*keys), _refused(status, "Whatever"), GONE)

    await objects.clear(namespace=SOURCE)

    deleted = [each.target for each in impostor.requests if each.method == "DELETE"]
    assert [target.partition("?")[0] for target in deleted] == [f"/photos/{key}" for key in keys]


async def test_objects_that_stay_are_a_failure(impostor: Impostor, objects: ObjectCache) -> None:
    body = b"<DeleteResult><Error><Key>k</Key><Code>AccessDenied</Code></Error></DeleteResult>"
    stays = Answer(200, (f"Content-Length: {len(body)}",), body, "close")
    impostor.will(_list(f"results/{SOURCE}/1"), stays)

    with pytest.raises(TierFailed, match=r"1 objects to be deleted.*AccessDenied"):
        await objects.clear(namespace=SOURCE)


async def test_a_list_of_other_objects_costs_none_of_them(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(_list("holiday.jpg", f"{SOURCE}/1", f"results/{SOURCE}", "results/"))

    await objects.clear(namespace=SOURCE)

    assert impostor.methods == ["GET"]


async def test_a_list_without_end_is_given_up(impostor: Impostor, objects: ObjectCache) -> None:
    impostor.will(_list(more=True))

    with pytest.raises(TierFailed, match="more and more"):
        await objects.clear(namespace=SOURCE)


async def test_a_list_that_is_no_list_is_a_failure(
    impostor: Impostor, objects: ObjectCache
) -> None:
    impostor.will(Answer(200, ("Content-Length: 15",), b"<html>hello you"))

    with pytest.raises(TierFailed, match="SAFELIGHT_CACHE_RESULTS"):
        await objects.clear(namespace=SOURCE)
