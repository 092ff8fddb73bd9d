"""Bytes are those that AWS says it keeps; other stores are not asked for sums."""

from __future__ import annotations

import base64
import zlib

import pytest

from origin.sources.errors import SourceUnavailable
from origin.sources.router import open_sources
from tests.origin.sources.impostor import ETAG, Answer, Impostor

MB = 1 << 20
REFERENCE = "s3://photos/a.jpg"
BODY = b"as it was stored"
SUM = base64.b64encode(zlib.crc32(BODY).to_bytes(4, "big")).decode()


def summed(body: bytes, *fields: str) -> Answer:
    return Answer(200, (f"ETag: {ETAG}", f"Content-Length: {len(body)}", *fields), body)


@pytest.fixture
def aws(impostor: Impostor, monkeypatch: pytest.MonkeyPatch) -> Impostor:
    """In the place of AWS, as no endpoint is set."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", impostor.url)
    return impostor


async def test_bytes_that_have_their_sum_are_taken(aws: Impostor) -> None:
    aws.will(summed(BODY, f"x-amz-checksum-crc32: {SUM}", "x-amz-checksum-type: FULL_OBJECT"))

    async with open_sources(s3_buckets=("photos",), s3_region="eu-central-1") as sources:
        blob = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == BODY
    assert aws.requests[0].headers["x-amz-checksum-mode"] == "ENABLED"


async def test_bytes_that_do_not_have_their_sum_are_refused(aws: Impostor) -> None:
    aws.will(summed(BODY.upper(), f"x-amz-checksum-crc32: {SUM}"))

    async with open_sources(s3_buckets=("photos",), s3_region="eu-central-1") as sources:
        with pytest.raises(SourceUnavailable, match=r"bytes that were stored.*checksum"):
            await sources.fetch(REFERENCE, max_bytes=MB)


@pytest.mark.parametrize(
    "field",
    ["x-amz-checksum-crc32: AAAAAA==-3", "x-amz-checksum-crc64nvme: AAAAAAAAAAA="],
    ids=["of parts", "of a kind that Python computes slowly"],
)
async def test_sums_that_cannot_be_compared_are_left_alone(aws: Impostor, field: str) -> None:
    aws.will(summed(BODY, field))

    async with open_sources(s3_buckets=("photos",), s3_region="eu-central-1") as sources:
        blob = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == BODY


async def test_other_stores_are_not_asked_for_sums(impostor: Impostor) -> None:
    impostor.will(summed(BODY))

    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        await sources.stat(REFERENCE)
        await sources.fetch(REFERENCE, max_bytes=MB)

    for request in impostor.requests:
        assert not [name for name in request.headers if "checksum" in name]
