"""Thousands of clients that take their time, and more than there may be, on the real server."""

from __future__ import annotations

import resource
import socket
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.origin.live import PAIR, noise, photo, signed
from tests.system.server import Server, get, open_client, running, wait

ROOT = Path(__file__).parents[2]
KEYS: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}
SMALL = signed("/w:20/plain/local:///photo.jpg@png")
LARGE = signed("/plain/local:///noise.png@png")
EACH = 400


IMPATIENT = (sys.executable, "-m", "tests.system.impatient")


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[Server]:
    (folder / "photo.jpg").write_bytes(photo(200, 100))
    (folder / "noise.png").write_bytes(noise(1900))
    with running(
        folder,
        **KEYS,
        **settings,
        LOCAL_ROOT=folder,
        WORKERS=1,
        POINTER_TTL=86400,
        more={"PYTHONPATH": str(ROOT)},
    ) as server:
        for target, least in ((SMALL, 100), (LARGE, 10_000_000)):
            assert len(get(server.url + target, accept="*/*").content) > least
        yield server
        assert "Traceback" not in server.logged


@pytest.fixture
def descriptors() -> Iterator[None]:
    """More of them than a shell gives."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = 6 * EACH if most == resource.RLIM_INFINITY else min(6 * EACH, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before, enough), most))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def connect(server: Server, said: bytes, *, room: int = 65536) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
    client.connect(("127.0.0.1", server.port))
    client.sendall(said)
    client.settimeout(60)
    return client


def request(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n".encode()


def facts(server: Server) -> dict[str, int]:
    found: dict[str, int] = get(f"{server.admin_url}/cache").json()["connections"]
    return found


def opened(server: Server) -> int:
    return len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))


def resident(server: Server) -> int:
    """Bytes of the server's process."""
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def p99(server: Server, requests: int = 300) -> float:
    """Seconds, of hits on a kept connection and on new ones in turn."""
    seconds = []
    with open_client(timeout=60) as client:
        for number in range(requests):
            headers = {"connection": "close"} if number % 2 else {}
            start = time.perf_counter()
            answer = client.get(server.url + SMALL, headers=headers)
            seconds.append(time.perf_counter() - start)
            assert answer.status_code == 200
    return statistics.quantiles(seconds, n=100)[98]


def dribble(clients: Sequence[socket.socket], stop: threading.Event) -> None:
    """Another byte from everyone, again and again."""
    while not stop.wait(0.2):
        for client in clients:
            with suppress(OSError):
                client.send(b"x")


def test_thousands_who_take_their_time_cost_the_others_nothing(
    tmp_path: Path, descriptors: None
) -> None:
    with serving(tmp_path, program=IMPATIENT) as server, ExitStack() as stack:

        def many(said: bytes, room: int = 65536) -> list[socket.socket]:
            return [stack.enter_context(connect(server, said, room=room)) for _ in range(EACH)]

        alone = p99(server)
        get(f"{server.admin_url}/cache")
        before, memory = opened(server), resident(server)

        start = time.monotonic()
        heads, dribbled = many(b"GET /half"), many(b"GET / HTTP/1.1\r\nX: ")
        many(b"")
        many(request(SMALL))
        many(request(LARGE), room=4096)
        stop = threading.Event()
        dribbling = threading.Thread(target=dribble, args=(dribbled, stop))
        dribbling.start()
        stack.callback(dribbling.join)
        stack.callback(stop.set)
        among, grown = p99(server), resident(server) - memory
        wait(lambda: facts(server)["cut_slow"] == 4 * EACH)
        wait(lambda: facts(server)["open"] == 0)
        stop.set()

        assert among < max(10 * alone, 0.25)
        assert grown < 100 << 20, "ten megabytes for each of those who take nothing"
        assert {client.recv(65536)[:12] for client in heads} == {b"HTTP/1.1 408"}
        assert time.monotonic() - start < 45
        wait(lambda: opened(server) <= before)


def test_idle_connections_give_way_and_who_takes_an_answer_keeps_its_place(tmp_path: Path) -> None:
    with serving(tmp_path, MAX_CONNECTIONS=50) as server, ExitStack() as stack:
        right = get(server.url + LARGE, accept="*/*").content

        def asks(target: str) -> socket.socket:
            return stack.enter_context(connect(server, request(target)))

        active = [asks(LARGE) for _ in range(10)]
        for _ in range(50):
            assert asks(SMALL).recv(12) == b"HTTP/1.1 200"

        for _ in range(20):
            assert get(server.url + SMALL).status_code == 200
        found = facts(server)
        for client in active:
            received = client.makefile("rb")
            while received.readline() != b"\r\n":
                pass
            assert received.read(len(right)) == right

        assert found["open"] <= 50
        assert (found["refused"], found["cut_slow"]) == (0, 0)
        assert found["gave_way"] >= 10
        assert server.logged.count('"connections_full"') == 1
