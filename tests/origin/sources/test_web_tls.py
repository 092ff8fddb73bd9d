"""https: the name is asked for and verified, whatever address it stands for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from origin.sources.errors import SourceNotAllowed, SourceTimeout, SourceUnavailable
from tests.origin.sources.impostor import found
from tests.origin.sources.web_server import (
    WebServer,
    descriptors,
    open_home,
    redirect,
    serve_web,
    until,
)

MB = 1 << 20


def certify(name: str, path: Path) -> Path:
    """A certificate that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return path


@pytest.fixture
async def tls_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WebServer]:
    """A server for `https://img.example`, whose certificate is trusted."""
    certificate = certify("img.example", tmp_path / "img.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serve_web(certificate) as server:
        yield server


def url(server: WebServer, host: str = "img.example") -> str:
    return f"https://{host}:{server.port}/a.jpg"


async def test_the_name_is_asked_for_and_verified(tls_server: WebServer) -> None:
    tls_server.will("/a.jpg", found(b"abc"))

    async with open_home(tls_server, trusting=True) as web:
        for _ in range(3):
            blob = await web.fetch(url(tls_server), max_bytes=MB)

    assert blob.data == b"abc"
    assert tls_server.names == ["img.example"]


async def test_a_certificate_for_another_name_is_not_trusted(tls_server: WebServer) -> None:
    async with open_home(tls_server, trusting=True) as web:
        with pytest.raises(SourceUnavailable, match=r"certificate.* 'a\.cdn\.example'"):
            await web.fetch(url(tls_server, "a.cdn.example"), max_bytes=MB)

    assert tls_server.requests == []


async def test_a_certificate_of_nobody_is_not_trusted(
    tls_server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certify("img.example", tmp_path / "other.pem")))

    async with open_home(tls_server, trusting=True) as web:
        with pytest.raises(SourceUnavailable, match="self-signed certificate"):
            await web.fetch(url(tls_server), max_bytes=MB)

    assert tls_server.requests == []


async def test_a_redirect_from_https_to_http_is_refused(
    tls_server: WebServer, web_server: WebServer
) -> None:
    tls_server.will("/a.jpg", redirect(f"http://img.example:{tls_server.port}/b.jpg"))

    async with open_home(tls_server, trusting=True) as web:
        with pytest.raises(SourceNotAllowed, match="expected a redirect to https"):
            await web.fetch(url(tls_server), max_bytes=MB)

    assert tls_server.asked == ["GET /a.jpg"]


async def test_a_redirect_from_http_to_https_is_followed(
    tls_server: WebServer, web_server: WebServer
) -> None:
    web_server.will("/a.jpg", redirect(url(tls_server)))
    tls_server.will("/a.jpg", found(b"abc"))
    other = f"img.example:{tls_server.port}"

    async with open_home(web_server, also=(other,), trusting=True) as web:
        blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"abc"


async def test_a_handshake_that_nobody_answers_holds_nothing() -> None:
    mute: list[asyncio.StreamWriter] = []

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        mute.append(writer)

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    home = WebServer(port=server.sockets[0].getsockname()[1])
    before = descriptors()
    async with open_home(home, timeout=0.4) as web:
        with pytest.raises(SourceTimeout, match="ConnectTimeout"):
            await web.fetch(url(home), max_bytes=MB)
    async with open_home(home) as web:
        leaving = asyncio.create_task(web.fetch(url(home), max_bytes=MB))
        await until(lambda: len(mute) == 2)
        leaving.cancel()
        await asyncio.wait([leaving])
        for writer in mute:
            writer.close()
            await writer.wait_closed()
        await until(lambda: descriptors() <= before)
    server.close()
    await server.wait_closed()
