"""Tokens that S3 calls old: one more try, if there is a newer one."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from origin.sources.errors import SourceDenied
from origin.sources.router import Sources, open_sources
from tests.origin.sources.impostor import Answer, Impostor, found, refused
from tests.origin.sources.web_server import WebServer

MB = 1 << 20
REFERENCE = "s3://photos/a.jpg"
NO_TOKEN = {"AccessKeyId": "AKIA", "SecretAccessKey": "s", "Expiration": "2999-01-01T00:00:00Z"}


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
async def sources(impostor: Impostor, write_token: Callable[[str], None]) -> AsyncIterator[Sources]:
    """They have used the old token, and there is a new one in the file."""
    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as opened:
        impostor.will(found(b"fine"))
        await opened.fetch(REFERENCE, max_bytes=MB)
        impostor.requests.clear()
        write_token("new")
        yield opened


def tokens(impostor: Impostor) -> list[str | None]:
    return [request.headers.get("x-amz-security-token") for request in impostor.requests]


@pytest.mark.parametrize("code", ["ExpiredToken", "RequestExpired", "InvalidToken"])
async def test_a_request_with_an_old_token_is_sent_again_with_the_new_one(
    impostor: Impostor, sources: Sources, code: str
) -> None:
    impostor.will(refused(400, code), found(b"fine"))

    blob = await sources.fetch(REFERENCE, max_bytes=MB)
    again = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == again.data == b"fine"
    assert tokens(impostor) == ["old", "new", "new"]


async def test_a_bare_head_finds_out_by_a_get_that_its_token_is_old(
    impostor: Impostor, sources: Sources
) -> None:
    headers = ('ETag: "v1"', "Content-Length: 1", "Content-Range: bytes 0-0/1234")
    # botocore suspects another region at first, and asks for the bucket.
    bare = refused(400)
    impostor.will(bare, bare, refused(400, "ExpiredToken"), Answer(206, headers, b"x"))

    version = await sources.stat(REFERENCE)

    assert version.size == 1234
    assert impostor.methods == ["HEAD", "HEAD", "GET", "GET"]
    assert tokens(impostor) == ["old", "old", "old", "new"]


async def test_a_new_token_that_is_refused_too_is_not_tried_a_third_time(
    impostor: Impostor, sources: Sources
) -> None:
    impostor.will(refused(400, "ExpiredToken"))

    with pytest.raises(SourceDenied, match="AWS_SESSION_TOKEN"):
        await sources.fetch(REFERENCE, max_bytes=MB)

    assert tokens(impostor) == ["old", "new"]


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"])
async def test_what_no_token_would_help_is_not_sent_twice(
    impostor: Impostor, sources: Sources, code: str
) -> None:
    impostor.will(refused(403, code))

    with pytest.raises(Exception, match=code):
        await sources.fetch(REFERENCE, max_bytes=MB)

    assert tokens(impostor) == ["old"]


async def test_without_a_newer_token_nothing_is_sent_twice(
    impostor: Impostor, sources: Sources, write_token: Callable[[str], None]
) -> None:
    write_token("old")
    impostor.will(refused(400, "ExpiredToken"))

    for _ in range(3):
        with pytest.raises(SourceDenied, match="AWS_SESSION_TOKEN"):
            await sources.fetch(REFERENCE, max_bytes=MB)

    assert tokens(impostor) == ["old"] * 3


async def test_a_file_that_cannot_be_read_any_more_is_told_as_the_old_token(
    impostor: Impostor, sources: Sources, tmp_path: Path
) -> None:
    (tmp_path / "credentials").write_text("[default\n")
    impostor.will(refused(400, "ExpiredToken"))

    with pytest.raises(SourceDenied, match="AWS_SESSION_TOKEN"):
        await sources.fetch(REFERENCE, max_bytes=MB)


async def test_credentials_that_come_after_the_start_are_found(
    impostor: Impostor, write_token: Callable[[str], None], tmp_path: Path
) -> None:
    (tmp_path / "credentials").unlink()
    impostor.will(found(b"fine"))

    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        write_token("late")
        blob = await sources.fetch(REFERENCE, max_bytes=MB)

    assert blob.data == b"fine"
    assert tokens(impostor) == ["late"]


async def test_credentials_that_are_too_old_when_they_come_are_named(
    impostor: Impostor, web_server: WebServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    url = f"http://127.0.0.1:{web_server.port}/credentials"
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
    late = json.dumps(NO_TOKEN | {"Token": "t", "Expiration": "2001-01-01T00:00:00Z"}).encode()
    web_server.will("/credentials", Answer(200, (f"Content-Length: {len(late)}",), late))

    async with open_sources(s3_buckets=("photos",), s3_endpoint=impostor.url) as sources:
        with pytest.raises(SourceDenied, match=r"credentials.*container-role.*still expired"):
            await sources.fetch(REFERENCE, max_bytes=MB)

    assert impostor.requests == []


@dataclass(slots=True)
class Forgetful:
    """A store that gives tokens for an hour and forgets them after so many requests."""

    each: int
    given: int = 0
    used: Counter[str] = field(default_factory=Counter)

    def answer(self, target: str, token: str) -> Answer:
        if target == "/credentials":
            self.given += 1
            body = json.dumps(NO_TOKEN | {"Token": f"token-{self.given}"}).encode()
            return Answer(200, (f"Content-Length: {len(body)}",), body)
        self.used[token] += 1
        return found(b"fine") if self.used[token] <= self.each else refused(400, "ExpiredToken")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = lines[0].split(" ")
                fields = {name.lower(): value for name, value in map(_field, lines[1:-2])}
                token = fields.get("x-amz-security-token", "")
                writer.write(self.answer(target, token).wire(method))
                await writer.drain()
        writer.close()
        with suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()


def _field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name, value


async def test_no_request_fails_while_tokens_of_a_role_are_revoked_under_load(
    impostor: Impostor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store = Forgetful(each=200)
    async with await asyncio.start_server(store.serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/credentials")
        async with open_sources(s3_buckets=("photos",), s3_endpoint=url) as sources:

            async def visit() -> set[bytes]:
                return {(await sources.fetch(REFERENCE, max_bytes=MB)).data for _ in range(100)}

            seen = await asyncio.gather(*(visit() for _ in range(10)))

    assert seen == [{b"fine"}] * 10
    # Whoever finds a token forgotten asks for a new one, and not everybody who finds it so.
    assert 5 <= store.given <= 7
