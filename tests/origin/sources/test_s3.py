"""What S3's refusals mean, and which version of an object is read."""

from __future__ import annotations

import pytest

from origin.sources.errors import (
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceReferenceError,
    SourceUnavailable,
)
from origin.sources.router import Sources, open_sources
from origin.sources.source import Version
from tests.origin.sources.impostor import ETAG, Answer, Impostor, found, refused

MB = 1 << 20
REFERENCE = "s3://photos/a.jpg"


async def test_a_missing_key_is_not_found_though_s3_will_not_say_so(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(refused(403), refused(403, "AccessDenied"))

    with pytest.raises(SourceNotFound, match="s3:ListBucket"):
        await sources.stat(REFERENCE)

    assert impostor.methods == ["HEAD", "GET"]
    assert impostor.requests[1].headers["range"] == "bytes=0-0"


async def test_a_head_that_is_refused_while_a_get_is_not_still_gives_the_version(
    impostor: Impostor, sources: Sources
) -> None:
    headers = ('ETag: "v1"', "Content-Length: 1", "Content-Range: bytes 0-0/1234")
    impostor.will(refused(403), Answer(206, headers, b"x"))

    version = await sources.stat(REFERENCE)

    assert version == Version('"v1"', 1234, None)


@pytest.mark.parametrize(
    ("status", "code", "error", "hint"),
    [
        (404, "NoSuchKey", SourceNotFound, "no such object"),
        (404, "NoSuchVersion", SourceNotFound, "no such object"),
        (403, "AccessDenied", SourceNotFound, "s3:GetObject"),
        (405, "MethodNotAllowed", SourceNotFound, "no such object"),
        (404, "NoSuchBucket", SourceDenied, "SAFELIGHT_S3_BUCKETS and SAFELIGHT_S3_ENDPOINT"),
        (403, "InvalidAccessKeyId", SourceDenied, "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", SourceDenied, "AWS_SECRET_ACCESS_KEY"),
        (400, "ExpiredToken", SourceDenied, "AWS_SESSION_TOKEN"),
        (400, "InvalidToken", SourceDenied, "AWS_SESSION_TOKEN"),
        (403, "RequestTimeTooSkewed", SourceDenied, "clock"),
        (403, "AllAccessDisabled", SourceDenied, "disabled"),
        (403, "InvalidObjectState", SourceDenied, "archived"),
        (400, "AuthorizationHeaderMalformed", SourceDenied, "SAFELIGHT_S3_REGION"),
        (301, "PermanentRedirect", SourceDenied, "SAFELIGHT_S3_REGION"),
        (403, "SomethingNew", SourceDenied, "SomethingNew"),
        (400, "KeyTooLongError", SourceReferenceError, "KeyTooLongError"),
        (400, "InvalidArgument", SourceReferenceError, "InvalidArgument"),
        (501, "NotImplemented", SourceReferenceError, "NotImplemented"),
        (500, "InternalError", SourceUnavailable, "InternalError"),
        (503, "SlowDown", SourceUnavailable, "SlowDown"),
        (429, "TooManyRequests", SourceUnavailable, "TooManyRequests"),
        (502, None, SourceUnavailable, "502"),
    ],
)
async def test_a_refusal_says_who_has_to_do_what(
    impostor: Impostor,
    sources: Sources,
    status: int,
    code: str | None,
    error: type[SourceError],
    hint: str,
) -> None:
    impostor.will(refused(status, code))

    with pytest.raises(SourceError, match=hint) as raised:
        await sources.fetch(REFERENCE, max_bytes=MB)

    assert type(raised.value) is error
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "ExpiredToken", SourceDenied),
        (403, "InvalidAccessKeyId", SourceDenied),
        (404, "NoSuchBucket", SourceDenied),
        (404, "NoSuchKey", SourceNotFound),
    ],
)
async def test_a_bare_head_is_asked_again_for_its_reason(
    impostor: Impostor, sources: Sources, status: int, code: str, error: type[SourceError]
) -> None:
    impostor.will(refused(status), refused(status, code))

    with pytest.raises(error, match=code):
        await sources.stat(REFERENCE)


async def test_an_endpoint_that_only_redirects_is_named(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(refused(301))

    with pytest.raises(SourceDenied, match="SAFELIGHT_S3_ENDPOINT should be https"):
        await sources.stat(REFERENCE)

    assert len(impostor.requests) <= 4


async def test_missing_keys_cost_one_request_once_the_bucket_has_proved_to_exist(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(refused(404), refused(404, "NoSuchKey"), refused(404))

    for _ in range(3):
        with pytest.raises(SourceNotFound):
            await sources.stat(REFERENCE)

    assert impostor.methods == ["HEAD", "GET", "HEAD", "HEAD"]


async def test_the_wanted_version_is_asked_for(impostor: Impostor, sources: Sources) -> None:
    impostor.will(refused(412, "PreconditionFailed"))

    with pytest.raises(SourceChanged, match="old"):
        await sources.fetch(REFERENCE, max_bytes=MB, version=Version('"old"', 3, None))

    assert impostor.requests[0].headers["if-match"] == '"old"'


async def test_a_store_that_ignores_the_condition_is_caught(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(found(b"new"))

    with pytest.raises(SourceChanged, match="9b2cf535"):
        await sources.fetch(REFERENCE, max_bytes=MB, version=Version('"old"', 3, None))


async def test_a_version_id_is_handed_to_the_store(impostor: Impostor, sources: Sources) -> None:
    impostor.will(found(b"old"))

    blob = await sources.fetch("s3://photos/a b.jpg?3HL4kq/+", max_bytes=MB)

    assert blob.version.validator == ETAG
    assert impostor.requests[0].target == "/photos/a%20b.jpg?versionId=3HL4kq%2F%2B"


async def test_without_an_etag_time_and_size_are_the_version(
    impostor: Impostor, sources: Sources
) -> None:
    headers = ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT", "Content-Length: 3")
    impostor.will(Answer(200, headers, b"abc"))

    version = await sources.stat(REFERENCE)
    blob = await sources.fetch(REFERENCE, max_bytes=MB, version=version)

    assert version == Version("784111777.0-3", 3, 784111777.0)
    assert "if-match" not in impostor.requests[1].headers
    assert blob.version == version


async def test_an_object_without_any_validator_is_refused(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(Answer(200, ("Content-Length: 3",), b"abc"))

    with pytest.raises(SourceUnavailable, match="ETag"):
        await sources.stat(REFERENCE)


async def test_nobody_listening_is_unavailable(impostor: Impostor) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint="http://127.0.0.1:1") as sources:
        with pytest.raises(SourceUnavailable, match="SAFELIGHT_S3_ENDPOINT"):
            await sources.stat(REFERENCE)


async def test_missing_credentials_are_named(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        with pytest.raises(SourceDenied, match="AWS_ACCESS_KEY_ID"):
            await sources.stat(REFERENCE)


@pytest.mark.parametrize(
    "endpoint", ["minio:9000", "minio.example", "ftp://minio", "http://", "http://a:b"]
)
async def test_an_unusable_endpoint_is_named_at_the_start(endpoint: str) -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_S3_ENDPOINT: expected a URL with its scheme"):
        async with open_sources(s3_buckets=("photos",), s3_endpoint=endpoint):
            pass


@pytest.mark.parametrize("bucket", ["s3://photos", "photos/cats", "", " photos"])
async def test_an_unusable_bucket_is_named_at_the_start(bucket: str) -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_S3_BUCKETS: expected bare bucket names"):
        async with open_sources(s3_buckets=(bucket,)):
            pass
