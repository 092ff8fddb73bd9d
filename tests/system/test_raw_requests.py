"""Requests that no well-behaved client sends, byte for byte, to the real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.origin.live import PAIR, photo, signed
from tests.system.server import Server, running

PATH = "/w:20/plain/local:///photo.jpg@png"
TARGET = signed(PATH)
SIGNATURE = TARGET.removesuffix(PATH)[1:]
END = b"Host: a\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("raw")
    (folder / "photo.jpg").write_bytes(photo(200, 100))
    keys: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
    with running(folder, **keys, LOCAL_ROOT=folder, WORKERS=1) as server:
        yield server
        assert "Traceback" not in server.logged
        assert SIGNATURE not in server.logged


def answer(server: Server, target: str | bytes, headers: bytes = b"", method: str = "GET") -> bytes:
    raw = target if isinstance(target, bytes) else target.encode()
    return server.raw(method.encode() + b" " + raw + b" HTTP/1.1\r\n" + headers + END)


def status(received: bytes) -> int:
    return int(received.split(b" ", 2)[1])


def test_the_path_is_taken_as_it_was_signed(server: Server) -> None:
    assert status(answer(server, TARGET)) == 200


@pytest.mark.parametrize(
    "target",
    [
        f"/%{ord(SIGNATURE[0]):02x}{SIGNATURE[1:]}{PATH}",
        f"/{SIGNATURE}%2Fw:20/plain/local:///photo.jpg@png",
        f"/{SIGNATURE}/w:20/plain/local:%2F%2F%2Fphoto.jpg@png",
        f"/{SIGNATURE}/w:20/plain/local:///%70hoto.jpg@png",
        f"/{TARGET}",
        f"/{SIGNATURE}/{PATH}",
        f"/./{TARGET[1:]}",
        f"/x/..{TARGET}",
        f"/{SIGNATURE}/w:20/./plain/local:///photo.jpg@png",
        f"/{SIGNATURE}/w:99/../w:20/plain/local:///photo.jpg@png",
        f"{TARGET}/",
        f"{TARGET}%00",
        f"{TARGET}%0a",
        f"{TARGET};x=1",
    ],
)
def test_nothing_is_tidied_up_before_the_signature_is_checked(server: Server, target: str) -> None:
    assert status(answer(server, target)) == 403


@pytest.mark.parametrize("target", [f"http://any.host{TARGET}", f"{TARGET}?a=b", f"{TARGET}#a"])
def test_host_query_and_fragment_are_no_part_of_what_is_signed(server: Server, target: str) -> None:
    assert status(answer(server, target)) == 200


def test_a_url_of_100_kilobytes_is_too_long(server: Server) -> None:
    received = answer(server, f"{TARGET}{'x' * 100_000}")

    assert status(received) == 414
    assert b"x-safelight-error: url_too_long" in received


@pytest.mark.parametrize(
    "headers",
    [
        b"Accept: \xff\xfe,image/webp\r\n",
        b"X-Request-Id: \xc3\x28\r\n",
        b'If-None-Match: "\xff"\r\n',
        b"Origin: \xff\r\nOrigin: https://b.example\r\n",
        b"Accept: image/webp\r\n" * 500,
        b"Accept: " + b"image/webp;q=0.1," * 500 + b"\r\n",
        b"If-None-Match: " + b'"x",' * 2000 + b"\r\n",
        b"If-Modified-Since: " + b"9" * 8000 + b"\r\n",
        b"Expect: 100-continue\r\n",
        b"Range: bytes=0-0,1-1,2-2\r\n",
        b"X-Forwarded-For: ' OR 1=1 --\r\nForwarded: for=_x\r\n",
    ],
)
def test_strange_headers_do_no_harm(server: Server, headers: bytes) -> None:
    assert status(answer(server, TARGET, headers)) in (100, 200)


def test_a_head_has_no_body_even_if_it_is_an_error(server: Server) -> None:
    for target in (TARGET, f"/{PATH}", "/health"):
        received = answer(server, target, method="HEAD")
        head, _, body = received.partition(b"\r\n\r\n")

        assert b"content-length: " in head
        assert body == b""


def test_after_all_this_the_server_is_as_before(server: Server) -> None:
    assert status(answer(server, TARGET)) == 200
