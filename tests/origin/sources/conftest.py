"""What the tests of sources share: one shelf per store, and an impostor of S3."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from origin.sources.router import Sources, open_sources
from origin.sources.web import WebSource
from tests.origin.sources.impostor import Impostor, impersonate
from tests.origin.sources.web_server import WebServer, open_home, serve_web
from tests.s3 import S3Server, isolate_aws
from tests.s3 import s3 as s3
from tests.s3 import s3_server as s3_server


@dataclass(frozen=True, slots=True)
class Shelf:
    """One store, with the means to put things into it from behind."""

    sources: Sources
    prefix: str
    """What a reference begins with."""
    put: Callable[[str, bytes], None]
    spell: Callable[[str], str] = str
    """How a key is written in a reference."""

    def reference(self, key: str) -> str:
        return self.prefix + self.spell(key)


@pytest.fixture(params=["local", "s3", "web"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    """Every store there is. A new one adds a parameter and inherits every promise."""
    if request.param == "local":

        def put(key: str, data: bytes) -> None:
            path = tmp_path / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

        async with open_sources(local_root=tmp_path) as sources:
            yield Shelf(sources, "local:///", put)
    elif request.param == "web":
        async with serve_web() as web:
            host = f"127.0.0.1:{web.port}"
            async with open_sources(http_allow=(host,), http_allow_private=True) as sources:
                yield Shelf(sources, f"http://{host}/", web.put, _escaped)
    else:
        server: S3Server = request.getfixturevalue("s3")
        bucket = server.new_bucket()
        async with open_sources(s3_buckets=(bucket,), s3_endpoint=server.url) as sources:
            yield Shelf(sources, f"s3://{bucket}/", lambda key, data: server.put(bucket, key, data))


@pytest.fixture
async def impostor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Impostor]:
    """An endpoint that answers as S3 does on its bad days."""
    isolate_aws(
        monkeypatch,
        S3Server("", "AKIAIMPOSTOR00000000", "s" * 40, Path()).environment,
    )
    async with impersonate() as server:
        yield server


@pytest.fixture
async def sources(impostor: Impostor) -> AsyncIterator[Sources]:
    """The bucket `photos` of the impostor, over a single connection."""
    async with _open_photos(impostor, timeout=2.0) as opened:
        yield opened


@pytest.fixture
async def hurried(impostor: Impostor) -> AsyncIterator[Sources]:
    """The same, with little patience."""
    async with _open_photos(impostor, timeout=0.3) as opened:
        yield opened


@pytest.fixture
async def web_server() -> AsyncIterator[WebServer]:
    """A web server on this machine, for `http://img.example:PORT` among others."""
    async with serve_web() as server:
        yield server


@pytest.fixture
async def web(web_server: WebServer) -> AsyncIterator[WebSource]:
    """The hosts `img.example` and those below `cdn.example` of the web server."""
    async with open_home(web_server) as opened:
        yield opened


def _escaped(key: str) -> str:
    # What has a meaning of its own in a URL; the rest is for the source to escape.
    return key.replace("%", "%25").replace("?", "%3F")


def _open_photos(impostor: Impostor, *, timeout: float) -> AbstractAsyncContextManager[Sources]:
    return open_sources(
        s3_buckets=("photos",), s3_endpoint=impostor.url, timeout=timeout, s3_connections=1
    )
