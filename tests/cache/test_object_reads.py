"""Reads that are signed here: answered by what the store says, and else left to the client."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from botocore.credentials import ReadOnlyCredentials  # type: ignore[import-untyped]

from cache.object_reads import FoundObject, NoObject, ObjectReads, Unanswered
from origin.sources.s3_client import open_client
from origin.sources.s3_credentials import RenewedCredentials
from origin.sources.s3_reads import open_reads
from tests.origin.sources.impostor import Answer, Impostor, found, impersonate, refused

KEY = f"{'5a' * 16}/{'c0' * 32}"


@pytest.fixture
async def impostor() -> AsyncIterator[Impostor]:
    async with impersonate() as server:
        yield server


class _Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class _Credentials:
    given: ReadOnlyCredentials | None = ReadOnlyCredentials("AKIAIOSFODNN7", "secret", "a-token")

    async def __call__(self) -> ReadOnlyCredentials | None:
        return self.given


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def credentials() -> _Credentials:
    return _Credentials()


@pytest.fixture
async def reads(
    impostor: Impostor, clock: _Clock, credentials: _Credentials
) -> AsyncIterator[ObjectReads]:
    async with aiohttp.ClientSession() as session:
        yield ObjectReads(
            session,
            f"{impostor.url}/photos/results/",
            region="eu-west-3",
            credentials=credentials,
            clock=clock,
        )


async def test_an_object_is_given_with_its_end(impostor: Impostor, reads: ObjectReads) -> None:
    headers = ("Content-Length: 5", "x-amz-meta-expires: 1234.5")
    impostor.will(found(b"frame"), Answer(200, headers, b"other"))

    first = await reads.read(KEY, most_bytes=5)
    second = await reads.read(KEY, most_bytes=5)

    assert first == FoundObject(b"frame", float("inf"))
    assert second == FoundObject(b"other", 1234.5)


async def test_the_request_is_signed_for_its_region_with_the_token(
    impostor: Impostor, reads: ObjectReads
) -> None:
    impostor.will(refused(404, "NoSuchKey"))

    answer = await reads.read(KEY, most_bytes=5)

    assert answer == NoObject()
    (request,) = impostor.requests
    assert request.target == f"/photos/results/{KEY}"
    assert "AKIAIOSFODNN7/" in request.headers["authorization"]
    assert "/eu-west-3/s3/aws4_request" in request.headers["authorization"]
    assert request.headers["x-amz-security-token"] == "a-token"


async def test_new_credentials_sign_the_next_request(
    impostor: Impostor, reads: ObjectReads, credentials: _Credentials
) -> None:
    impostor.will(refused(404, "NoSuchKey"))
    await reads.read(KEY, most_bytes=5)

    credentials.given = ReadOnlyCredentials("AKIANEWER", "secret", None)
    await reads.read(KEY, most_bytes=5)

    assert "AKIANEWER/" in impostor.requests[1].headers["authorization"]
    assert "x-amz-security-token" not in impostor.requests[1].headers


@pytest.mark.parametrize(
    ("status", "code"),
    [(301, "PermanentRedirect"), (403, "AccessDenied"), (404, "NoSuchBucket"), (503, "SlowDown")],
)
async def test_what_else_the_store_says_is_left_to_the_client(
    impostor: Impostor, reads: ObjectReads, status: int, code: str
) -> None:
    impostor.will(refused(status, code))

    with pytest.raises(Unanswered):
        await reads.read(KEY, most_bytes=5)


async def test_without_credentials_nothing_is_sent(
    impostor: Impostor, reads: ObjectReads, credentials: _Credentials
) -> None:
    credentials.given = None

    with pytest.raises(Unanswered):
        await reads.read(KEY, most_bytes=5)

    assert impostor.requests == []


async def test_after_the_client_could_answer_it_alone_is_asked_for_a_minute(
    impostor: Impostor, reads: ObjectReads, clock: _Clock
) -> None:
    impostor.will(found(b"frame"))
    reads.rest()

    with pytest.raises(Unanswered):
        await reads.read(KEY, most_bytes=5)
    clock.now += 60.0
    later = await reads.read(KEY, most_bytes=5)

    assert later == FoundObject(b"frame", float("inf"))
    assert len(impostor.requests) == 1


async def test_a_client_without_credentials_reads_alone(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    credentials = RenewedCredentials()

    async with (
        open_client(
            endpoint=impostor.url,
            region=None,
            timeout=2.0,
            connections=1,
            credentials=credentials,
        ) as client,
        open_reads(client, credentials, "photos", "results", connections=1) as reads,
    ):
        assert reads is None
