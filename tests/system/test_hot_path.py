"""The fast path over real connections: order, framing, slow readers, and the end of the server."""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.origin.live import PAIR, noise, photo, signed
from tests.system.server import Server, get, running, wait

PATIENCE = 60.0
KEYS: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
SMALL = signed("/w:20/plain/local:///photo.jpg@png")
LARGE = signed("/rs:fill:300:300/plain/local:///noise.png@png")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("hot")
    (folder / "photo.jpg").write_bytes(photo(200, 100))
    (folder / "noise.png").write_bytes(noise(400))
    with running(folder, **KEYS, LOCAL_ROOT=folder, WORKERS=1, POINTER_TTL=86400) as server:
        for target in (SMALL, LARGE):
            assert get(server.url + target).status_code == 200
        yield server
        assert "Traceback" not in server.logged


class Client:
    """A connection on which requests are written as they are, and answers are read one by one."""

    def __init__(self, server: Server) -> None:
        self.socket = socket.create_connection(("127.0.0.1", server.port), PATIENCE)
        self._received = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._received.close()
        self.socket.close()

    def send(self, *requests: bytes) -> None:
        self.socket.sendall(b"".join(requests))

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        """The next one; EOFError if the server closed before its first byte."""
        first = self._received.readline()
        if not first:
            raise EOFError
        fields: dict[str, str] = {}
        while (line := self._received.readline()) != b"\r\n":
            assert line.endswith(b"\r\n"), "the answer broke off"
            name, value = line.decode().rstrip("\r\n").split(": ", 1)
            assert name not in fields
            fields[name] = value
        size = int(fields.get("content-length", 0))
        body = self._received.read(size)
        assert len(body) == size, "the answer broke off"
        return int(first.split(b" ")[1]), fields, body

    def at_end(self) -> bool:
        """Waits for more, or the end."""
        return self._received.read(1) == b""


def request(target: str, *fields: str, version: str = "1.1", body: bytes = b"") -> bytes:
    lines = [f"GET {target} HTTP/{version}", "host: a", *fields, "", ""]
    return "\r\n".join(lines).encode() + body


def memory(server: Server) -> int:
    """Bytes of the server's process."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def short_answers(server: Server) -> int:
    return len(re.findall('"fast": true', server.logged))


def stem(fields: dict[str, str]) -> str:
    found = re.search(r'filename="(\w+)\.', fields["content-disposition"])
    assert found is not None
    return found[1]


def test_a_kept_connection_is_answered_the_short_way_again_and_again(server: Server) -> None:
    before = short_answers(server)
    with Client(server) as client:
        answers = []
        for _ in range(200):
            client.send(request(SMALL))
            answers.append(client.answer())

    assert {(status, body) for status, _, body in answers} == {(200, answers[0][2])}
    assert {fields["cache-status"] for _, fields, _ in answers} == {"safelight-memory; hit"}
    assert len({fields["x-request-id"] for _, fields, _ in answers}) == 200
    # Only httpx has asked before, which accepts other things.
    wait(lambda: short_answers(server) >= before + 199)


@pytest.mark.parametrize("cold", [{0}, {9}, {0, 1, 5}, {2, 4, 6, 8}, set(range(10)), set()])
def test_ten_requests_in_one_packet_are_answered_in_order(server: Server, cold: set[int]) -> None:
    def target(number: int) -> str:
        unique = f"/cb:{'-'.join(map(str, sorted(cold)))}" if number in cold else ""
        return signed(f"{unique}/w:20/fn:n{number}/plain/local:///photo.jpg@png")

    for number in set(range(10)) - cold:
        get(server.url + target(number))

    with Client(server) as client:
        client.send(*(request(target(number)) for number in range(10)))
        answers = [client.answer() for _ in range(10)]

    assert [status for status, _, _ in answers] == [200] * 10
    assert [stem(fields) for _, fields, _ in answers] == [f"n{number}" for number in range(10)]


@pytest.mark.parametrize("target", [SMALL, LARGE])
@pytest.mark.parametrize("unchanged", [False, True])
def test_a_thousand_behind_a_cold_one_are_answered_too(
    server: Server, target: str, unchanged: bool
) -> None:
    cold = signed(f"/cb:{len(target)}{unchanged}/w:30/plain/local:///noise.png@avif")
    etag = get(server.url + target).headers["etag"]
    fields = [f"if-none-match: {etag}"] if unchanged else []

    with Client(server) as client:
        sending = threading.Thread(
            target=client.send, args=(request(cold), request(target, *fields) * 999)
        )
        sending.start()
        answers = [client.answer() for _ in range(1000)]
        sending.join(PATIENCE)

    assert answers[0][1]["content-type"] == "image/avif"
    assert {status for status, _, _ in answers[1:]} == {304 if unchanged else 200}
    assert {headers["etag"] for _, headers, _ in answers[1:]} == {etag}


def test_a_client_that_asks_a_thousand_times_and_reads_nothing_costs_nobody_anything(
    server: Server,
) -> None:
    right = get(server.url + LARGE).content
    assert len(right) > 200_000
    before = memory(server)
    with Client(server) as client:
        sending = threading.Thread(target=client.send, args=(request(LARGE) * 1000,))
        sending.start()
        for _ in range(3):
            others = [get(server.url + target).status_code for target in [SMALL, LARGE] * 10]
            grown = memory(server) - before
            assert (set(others), grown < 50 << 20) == ({200}, True)

        answers = [client.answer() for _ in range(1000)]
        sending.join(PATIENCE)

    assert {status for status, _, _ in answers} == {200}
    assert {body for _, _, body in answers} == {right}


@pytest.mark.parametrize(
    ("version", "fields"),
    [("1.1", ["Connection: close"]), ("1.0", []), ("1.0", ["Connection: keep-alive"])],
)
@pytest.mark.parametrize("target", [SMALL, LARGE])
def test_who_wants_one_answer_gets_one_and_the_end(
    server: Server, target: str, version: str, fields: Sequence[str]
) -> None:
    with Client(server) as client:
        client.send(request(target, *fields, version=version))

        status, headers, body = client.answer()

        assert (status, headers["connection"]) == (200, "close")
        assert body == get(server.url + target).content
        assert client.at_end()


@pytest.mark.parametrize(
    ("field", "body"),
    [
        ("content-length: 5", b"hello"),
        ("content-length: 100000", b"x" * 100_000),
        ("transfer-encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_body_is_not_taken_for_the_next_request(
    server: Server, field: str, body: bytes, at_once: bool
) -> None:
    with Client(server) as client:
        if at_once:
            client.send(request(SMALL, field, body=body), request(LARGE))
            one, other = client.answer(), client.answer()
        else:
            client.send(request(SMALL, field))
            one = client.answer()
            client.send(body, request(LARGE))
            other = client.answer()

    assert (one[0], other[0]) == (200, 200)
    assert len(one[2]) < 10_000 < len(other[2])


def test_a_304_is_a_head_alone(server: Server) -> None:
    etag = get(server.url + SMALL).headers["etag"]
    with Client(server) as client:
        client.send(request(SMALL, f"if-none-match: {etag}"), request(SMALL))

        status, headers, _ = client.answer()

        assert (status, headers["etag"]) == (304, etag)
        assert not headers.keys() & {"content-length", "content-type", "transfer-encoding"}
        assert client.answer()[0] == 200


def test_while_the_server_ends_no_answer_breaks_off(tmp_path: Path) -> None:
    """A connection may be closed between two answers: then nothing of the second one came."""
    (tmp_path / "photo.jpg").write_bytes(photo(200, 100))
    (tmp_path / "noise.png").write_bytes(noise(400))
    failures: list[str] = []
    answered = [0] * 8

    def ask(server: Server, number: int) -> None:
        target = LARGE if number % 2 else SMALL
        try:
            with Client(server) as client:
                while True:
                    client.send(request(target))
                    status, _, _ = client.answer()
                    if status != 200:
                        failures.append(f"status {status}")
                    answered[number] += 1
        except (EOFError, ConnectionError):
            if not stopping.is_set():
                failures.append("closed before the server was told to stop")
        except AssertionError as error:
            failures.append(str(error))

    stopping = threading.Event()
    with running(tmp_path, **KEYS, LOCAL_ROOT=tmp_path, WORKERS=1) as server:
        for target in (SMALL, LARGE):
            assert get(server.url + target).status_code == 200
        clients = [threading.Thread(target=ask, args=(server, number)) for number in range(8)]
        for client in clients:
            client.start()
        wait(lambda: min(answered) > 20)

        stopping.set()
        server.process.send_signal(signal.SIGTERM)
        for client in clients:
            client.join(PATIENCE)

        assert server.process.wait(PATIENCE) == 0
        assert (failures, any(client.is_alive() for client in clients)) == ([], False)
        assert "Traceback" not in server.logged
