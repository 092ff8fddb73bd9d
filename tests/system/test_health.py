"""What load balancers are told, and that a server which they have left ends without a failure."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.origin.live import PAIR, photo, signed
from tests.system.server import SECOND_SIGNAL, Server, get, open_client, refused, running, wait

KEYS: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "photo.jpg").write_bytes(photo(400, 300))
    return folder


def url(server: Server, width: int) -> str:
    return server.url + signed(f"/w:{width}/plain/local:///photo.jpg")


def ready(server: Server) -> bool:
    return get(f"{server.admin_url}/readyz").status_code == 200


def test_workers_that_all_stand_still_are_noticed_replaced_and_told_of(
    tmp_path: Path, pictures: Path
) -> None:
    with (
        running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=2, TIMEOUT=10) as server,
        ThreadPoolExecutor(8) as clients,
    ):
        frozen = server.workers
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        asked = [clients.submit(get, url(server, 100 + number)) for number in range(8)]
        wait(lambda: not ready(server))
        answers = [one.result() for one in asked]
        wait(lambda: ready(server))

        codes = [answer.headers.get("x-safelight-error", "") for answer in answers]
        assert codes.count("stalled") == 2
        # Those that waited go to new workers; on a slow machine some may be too late by then.
        assert "" in codes
        assert set(codes) <= {"", "stalled", "deadline", "overloaded"}
        assert not set(frozen) & set(server.workers)
        assert get(url(server, 300)).status_code == 200
        (stall,) = [event for event in server.events if event["event"] == "stalled"]
        assert {worker["State"] for worker in stall["workers"]} == {"T (stopped)"}
        assert get(f"{server.admin_url}/cache").json()["workers"]["stalls"] == 1


def test_a_probe_sees_the_end_of_its_connection(tmp_path: Path) -> None:
    with (
        running(tmp_path, UNSAFE=1, WORKERS=1, DRAIN_SECONDS=3600) as server,
        socket.create_connection(("127.0.0.1", server.admin_port), 30) as probe,
    ):
        # As Varnish asks, which waits for it.
        probe.sendall(b"GET /readyz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: probe.recv(65536), b""))
        # A person at a terminal waits for no balancer.
        server.process.send_signal(signal.SIGINT)

        assert server.process.wait(30) == 0
    assert received.startswith(b"HTTP/1.1 200 ")
    assert b'"ready":true' in received


def test_a_signal_that_comes_twice_at_once_is_one_and_a_later_one_ends_it_quietly(
    tmp_path: Path, pictures: Path
) -> None:
    with running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=1, DRAIN_SECONDS=60) as server:
        for _ in range(3):
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.1)
        went_on = get(url(server, 50)).status_code
        time.sleep(SECOND_SIGNAL)
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(30)

    assert (went_on, code) == (200, 0)
    assert [one["at_once"] for one in server.events if one["event"] == "stopping"] == [False, True]
    assert [one for one in server.events if one["level"] == "error"] == []


def test_a_server_whose_workers_cannot_render_does_not_start(tmp_path: Path) -> None:
    outcome = refused(tmp_path, UNSAFE=1, PORT=0, WORKERS=1, WORKER_MB=1)

    assert outcome.returncode == 1
    assert "with 1 MB (SAFELIGHT_WORKER_MB) did not join" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_no_request_fails_while_a_server_is_told_to_stop_under_load(
    tmp_path: Path, pictures: Path
) -> None:
    outcomes: list[int] = []
    widths = itertools.count(20)

    def visit() -> None:
        # As through a balancer, which asks whether to go on.
        with open_client(timeout=30) as client:
            while ready(server):
                for width in (next(widths), 20):
                    outcomes.append(client.get(url(server, width)).status_code)

    with (
        running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=2, DRAIN_SECONDS=60) as server,
        ThreadPoolExecutor(4) as visitors,
    ):
        visits = [visitors.submit(visit) for _ in range(4)]
        wait(lambda: len(outcomes) > 20)
        server.process.send_signal(signal.SIGTERM)
        for one in visits:
            one.result(60)
        # Whoever has not noticed yet is served as well.
        late = get(url(server, 20)).status_code
        time.sleep(SECOND_SIGNAL)
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(30) == 0
    assert {late, *outcomes} == {200}


def test_a_server_goes_on_for_as_long_as_it_was_told_and_no_longer(tmp_path: Path) -> None:
    with running(tmp_path, UNSAFE=1, WORKERS=1, DRAIN_SECONDS=2) as server:
        server.process.send_signal(signal.SIGTERM)
        wait(lambda: not ready(server))
        alive = get(f"{server.url}/health").status_code

        assert server.process.wait(30) == 0
    told = {event["event"]: event for event in server.events}
    times = [datetime.fromisoformat(told[name]["timestamp"]) for name in ("stopping", "stopped")]
    assert alive == 200
    assert told["stopping"]["drain_s"] == 2
    assert (times[1] - times[0]).total_seconds() >= 2


def test_a_connection_ends_with_the_first_answer_after_the_signal(
    tmp_path: Path, pictures: Path
) -> None:
    with (
        running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=1, DRAIN_SECONDS=60) as server,
        open_client(timeout=30) as client,
    ):
        before = [client.get(url(server, 50)) for _ in range(2)]
        server.process.send_signal(signal.SIGTERM)
        wait(lambda: not ready(server))
        # A hit: the shortest way through the server must not forget it.
        after = client.get(url(server, 50))
        time.sleep(SECOND_SIGNAL)
        server.process.send_signal(signal.SIGTERM)

        assert server.process.wait(30) == 0

    assert all("connection" not in answer.headers for answer in before)
    assert (after.status_code, after.headers["connection"]) == (200, "close")
    assert after.content == before[0].content
