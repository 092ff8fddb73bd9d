"""The real server as a process of its own, for tests that ask it over a real connection."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.origin.live import cpu_ticks

_PATIENCE = 60.0
"""Seconds until a server must be ready, or gone; both take one on an idle machine."""

NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients: else httpx reads all authorities for each of them, which takes 20 ms."""

SECOND_SIGNAL = 0.7
"""Seconds after the first, or it passes for the same once more."""

SAFELIGHT = Path(sysconfig.get_path("scripts")) / "safelight"


@dataclass(frozen=True)
class Server:
    """A process that has said it is ready."""

    process: subprocess.Popen[bytes]
    folder: Path
    port: int
    admin_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    @property
    def printed(self) -> str:
        return (self.folder / "stdout").read_text()

    @property
    def logged(self) -> str:
        return (self.folder / "stderr").read_text()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Of all lines that are whole; each must be JSON."""
        whole, _, _ = self.logged.rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def event_of(self, request_id: str) -> dict[str, Any]:
        """What is logged of a request, which may come after its answer."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events if event.get("request_id") == request_id]

        wait(lambda: bool(found()))
        (event,) = found()
        return event

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def stop(self) -> int:
        """Asks it to end and waits; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_PATIENCE)

    def raw(self, request: bytes) -> bytes:
        """What comes back for these very bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), _PATIENCE) as connection:
            connection.sendall(request)
            received = bytearray()
            while chunk := connection.recv(65536):
                received += chunk
        return bytes(received)


def get(url: str, **headers: str) -> httpx.Response:
    """Asks any server; header names with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.get(url, headers=named, timeout=_PATIENCE, trust_env=False, verify=NO_TLS)


def post(url: str, body: object) -> httpx.Response:
    """The same for JSON that is sent."""
    return httpx.post(url, json=body, timeout=_PATIENCE, trust_env=False, verify=NO_TLS)


def open_client(url: str = "", **more: Any) -> httpx.Client:
    """For many requests on connections that stay open. more: as httpx has it."""
    usual = {"timeout": _PATIENCE, "trust_env": False, "verify": NO_TLS}
    return httpx.Client(base_url=url, **{**usual, **more})


def wait(condition: Callable[[], bool]) -> None:
    """Waits for what comes soon, or fails."""
    end = time.monotonic() + _PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def wait_until_working(server: Server) -> None:
    """Until a worker of the server is busy with something long."""
    before = {pid: cpu_ticks(pid) for pid in server.workers}
    wait(lambda: any(cpu_ticks(pid) > ticks + 20 for pid, ticks in before.items()))


def environment(
    settings: Mapping[str, object], more: Mapping[str, str] | None = None
) -> dict[str, str]:
    """As little as a service manager gives, and these settings without their prefix."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    named = {f"SAFELIGHT_{name}": str(value) for name, value in settings.items()}
    return {**kept, "HOME": os.devnull, **(more or {}), **named}


@contextmanager
def running(
    folder: Path,
    *arguments: str,
    program: Sequence[str] = (str(SAFELIGHT), "serve"),
    more: Mapping[str, str] | None = None,
    **settings: object,
) -> Iterator[Server]:
    """`safelight serve` in this folder on free ports; it must end well when the block is left."""
    folder.mkdir(parents=True, exist_ok=True)
    admin_port = int(str(settings.setdefault("ADMIN_PORT", free_port())))
    settings.setdefault("PORT", 0)
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=folder,
            env=environment(settings, more),
            stdout=out,
            stderr=err,
        )
    try:
        port = _wait_until_ready(process, folder)
        server = Server(process, folder, port, admin_port)
        yield server
        if process.poll() is None:
            assert server.stop() == 0, server.logged
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def refused(folder: Path, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """`safelight` that is expected to end by itself."""
    return subprocess.run(
        [str(SAFELIGHT), *(arguments or ("serve",))],
        cwd=folder,
        env=environment({"ADMIN_PORT": 0, **settings}),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )


def free_port() -> int:
    """One that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def events(lines: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Those of the lines that are whole."""
    for line in lines:
        if line.startswith("{") and line.endswith("}"):
            yield json.loads(line)


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> int:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        for event in events((folder / "stderr").read_text().splitlines()):
            if event["event"] == "ready":
                return int(event["port"])
        time.sleep(0.02)
    raise RuntimeError(f"expected a server, got: {(folder / 'stderr').read_text()}")
