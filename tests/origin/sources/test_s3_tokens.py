"""Tokens that S3 calls old: one more try, if there is a newer one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from origin.sources.errors import SourceDenied
from origin.sources.router import Sources, open_sources
from tests.origin.sources.impostor import Answer, Impostor, found, refused
from tests.origin.sources.web_server import WebServer

MB = 1 << 20
REFERENCE = "s3://photos/a.jpg"
HEADERS = ('ETag: "v1"', "Content-Length: 1", "Content-Range: bytes 0-0/1234")


@pytest.fixture
def write_token(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[[str], None]:
    """Credentials come from a file that somebody else rewrites; `old` is what it has first."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    file = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))

    def write(token: str) -> None:
        keys = "aws_access_key_id = AKIA\naws_secret_access_key = s\n"
        file.write_text(f"[default]\n{keys}aws_session_token = {token}\n")

    write("old")
    return write


@pytest.fixture
async def opened(sources: Sources, write_token: Callable[[str], None]) -> Sources:
    return sources


def tokens(impostor: Impostor) -> list[str | None]:
    return [request.headers.get("x-amz-security-token") for request in impostor.requests]


async def use_old(impostor: Impostor, sources: Sources) -> None:
    """A request that goes well."""
    impostor.will(found(b"fine"))
    await sources.fetch(REFERENCE, max_bytes=MB)


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired", "InvalidToken"])
async def test_a_request_with_an_old_token_is_sent_again_with_the_new_one(
    impostor: Impostor, write_token: Callable[[str], None], code: str
) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        await use_old(impostor, sources)
        write_token("new")
        impostor.will(refused(400, code), found(b"fine"))

        blob = await sources.fetch(REFERENCE, max_bytes=MB)
        again = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == again.data == b"fine"
    assert tokens(impostor) == ["old", "old", "new", "new"]


async def test_a_bare_head_finds_out_by_a_get_that_its_token_is_old(
    impostor: Impostor, write_token: Callable[[str], None]
) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        await use_old(impostor, sources)
        write_token("new")
        impostor.will(refused(400), refused(400, "ExpiredToken"), Answer(206, HEADERS, b"x"))

        version = await sources.stat(REFERENCE)

    assert version.size == 1234
    assert impostor.methods == ["GET", "HEAD", "GET", "GET"]
    assert tokens(impostor) == ["old", "old", "old", "new"]


async def test_a_new_token_that_is_refused_too_is_not_tried_a_third_time(
    impostor: Impostor, write_token: Callable[[str], None]
) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        await use_old(impostor, sources)
        write_token("new")
        impostor.will(refused(400, "ExpiredToken"))

        with pytest.raises(SourceDenied, match="AWS_SESSION_TOKEN"):
            await sources.fetch(REFERENCE, max_bytes=MB)

    assert tokens(impostor) == ["old", "old", "new"]


async def test_without_a_newer_token_nothing_is_sent_twice(
    impostor: Impostor, write_token: Callable[[str], None]
) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        impostor.will(refused(400, "ExpiredToken"))

        for _ in range(3):
            with pytest.raises(SourceDenied, match="AWS_SESSION_TOKEN"):
                await sources.fetch(REFERENCE, max_bytes=MB)

    assert tokens(impostor) == ["old"] * 3


async def test_a_crowd_with_an_old_token_is_served_with_the_new_one(
    impostor: Impostor, write_token: Callable[[str], None]
) -> None:
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        await use_old(impostor, sources)
        write_token("new")
        impostor.expects_token = "new"

        blobs = await asyncio.gather(*(sources.fetch(REFERENCE, max_bytes=MB) for _ in range(50)))

    assert {blob.data for blob in blobs} == {b"fine"}
