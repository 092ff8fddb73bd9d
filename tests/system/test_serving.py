"""Starting and stopping `safelight serve`, and what a person reads when it does not start."""

from __future__ import annotations

import signal
import socket
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.origin.live import PAIR, kind_of, noise, photo, signed
from tests.system.server import (
    SECOND_SIGNAL,
    free_port,
    get,
    refused,
    running,
    wait,
    wait_until_working,
)

KEYS: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    (folder / "photo.jpg").write_bytes(photo(200, 100))
    (folder / "noise.png").write_bytes(noise())
    return folder


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_ends_well_and_takes_its_workers_along(
    tmp_path: Path, pictures: Path, how: signal.Signals
) -> None:
    with running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=2) as server:
        workers = server.workers
        assert get(server.url + signed("/w:50/plain/local:///photo.jpg")).status_code == 200

        server.process.send_signal(how)

        assert server.process.wait(30) == 0
        assert [event["event"] for event in server.events][-2:] == ["stopping", "stopped"]
        assert "Traceback" not in server.logged
        wait(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_a_request_in_hand_is_answered_before_the_end(tmp_path: Path, pictures: Path) -> None:
    answers: list[httpx.Response] = []
    with running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=1, TIMEOUT=60) as server:
        url = server.url + signed("/q:90/plain/local:///noise.png@avif")
        asking = threading.Thread(target=lambda: answers.append(get(url)))
        asking.start()
        wait_until_working(server)

        server.process.send_signal(signal.SIGTERM)
        wait(lambda: get(f"{server.admin_url}/readyz").status_code == 503)
        asking.join(60)

        assert server.process.wait(60) == 0
        assert [answer.status_code for answer in answers] == [200]
        assert kind_of(answers[0].content) == "avif"


def test_a_second_signal_does_not_wait(tmp_path: Path, pictures: Path) -> None:
    with running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=1, TIMEOUT=60) as server:
        target = signed("/rs:force:6000:6000/el:1/q:95/plain/local:///noise.png@avif")
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            wait_until_working(server)

            server.process.send_signal(signal.SIGTERM)
            wait(lambda: "stopping" in server.logged)
            time.sleep(SECOND_SIGNAL)
            server.process.send_signal(signal.SIGTERM)

            assert server.process.wait(30) == 0


def test_a_client_that_leaves_is_no_error(tmp_path: Path, pictures: Path) -> None:
    with running(tmp_path, **KEYS, LOCAL_ROOT=pictures, WORKERS=1) as server:
        target = signed("/w:1500/plain/local:///noise.png@avif")
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            wait_until_working(server)

        assert get(server.url + signed("/w:50/plain/local:///photo.jpg")).status_code == 200
        wait(lambda: len([e for e in server.events if e["event"] == "request"]) == 2)
        assert {event["level"] for event in server.events} == {"info"}


def test_a_taken_port_is_told_in_one_plain_sentence(tmp_path: Path) -> None:
    with running(tmp_path / "one", UNSAFE=1) as server:
        second = refused(tmp_path, UNSAFE=1, PORT=server.port)
        third = refused(tmp_path, UNSAFE=1, PORT=0, ADMIN_PORT=server.port)

    for outcome, name in ((second, "SAFELIGHT_PORT"), (third, "SAFELIGHT_ADMIN_PORT")):
        said = [line for line in outcome.stderr.splitlines() if not line.startswith("{")]
        assert outcome.returncode == 1
        assert said == [
            f"{name}: cannot listen on 127.0.0.1 port {server.port}: Address already in use;"
            f" set {name} to a free port"
        ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, ["SAFELIGHT_KEYS and SAFELIGHT_SALTS are not set", "safelight keygen"]),
        ({"PROT": 1, "PORT": "x"}, ["did you mean SAFELIGHT_PORT?", "SAFELIGHT_PORT: "]),
        ({"KEYS": "5ec4e7", "SALTS": "xyz"}, ["SAFELIGHT_SALTS[0]: expected hex digits"]),
        ({"UNSAFE": 1, "LOCAL_ROOT": "/nowhere"}, ["SAFELIGHT_LOCAL_ROOT: expected a folder"]),
        ({"UNSAFE": 1, "CONFIG": "/nowhere"}, ["SAFELIGHT_CONFIG: /nowhere"]),
        ({"UNSAFE": 1, "HOST": "no.such.host.invalid"}, ["SAFELIGHT_HOST: cannot listen on"]),
        ({"UNSAFE": 1, "HOST": "192.0.2.1"}, ["SAFELIGHT_HOST: cannot listen on 192.0.2.1"]),
        ({"UNSAFE": 1, "HOST": "a..b"}, ["SAFELIGHT_HOST: cannot listen on"]),
    ],
)
def test_wrong_settings_are_told_in_plain_sentences(
    tmp_path: Path, settings: dict[str, object], words: list[str]
) -> None:
    outcome = refused(tmp_path, **{"PORT": 0, **settings})

    assert outcome.returncode == 1
    assert all(word in outcome.stderr for word in words)
    assert "Traceback" not in outcome.stderr
    assert "5ec4e7" not in outcome.stderr


def test_what_is_allowed_but_perhaps_not_meant_is_warned_of(tmp_path: Path) -> None:
    with running(tmp_path, UNSAFE=1) as server:
        warnings = [event for event in server.events if event["level"] == "warning"]

    assert any("no sources" in warning["event"] for warning in warnings)
    assert any("signatures are not checked" in warning["event"] for warning in warnings)


def test_a_server_without_an_admin_port_opens_none(tmp_path: Path) -> None:
    with running(tmp_path, UNSAFE=1, ADMIN_PORT=0) as server:
        assert get(f"{server.url}/health").status_code == 200
        (port,) = [event["admin_port"] for event in server.events if "admin_port" in event]
        assert port == 0


def test_a_demo_that_cannot_write_says_so(tmp_path: Path) -> None:
    (tmp_path / ".safelight").write_text("in the way")

    outcome = refused(tmp_path, "serve", "--demo", PORT=free_port())

    assert outcome.returncode == 1
    assert "the demo keeps its files in" in outcome.stderr
    assert "Traceback" not in outcome.stderr
