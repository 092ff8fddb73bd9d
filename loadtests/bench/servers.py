"""Start the servers that are measured, as processes of their own, and stop them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx

_START_SECONDS = 30
_READY_SECONDS = 60.0


@contextmanager
def bare_server() -> Iterator[int]:
    """The port of the bare ASGI app."""
    port = free_port()
    with _process(["-m", "loadtests.bench.bare", str(port)], {}, port):
        yield port


@contextmanager
def safelight(root: Path, **settings: str) -> Iterator[int]:
    """The port of `safelight serve` on a folder of pictures."""
    with safelight_process(root, **settings) as (port, _):
        yield port


@contextmanager
def safelight_process(root: Path, **settings: str) -> Iterator[tuple[int, int]]:
    """The same, with the server's process number."""
    port = free_port()
    environ = {
        "SAFELIGHT_PORT": str(port),
        "SAFELIGHT_ADMIN_PORT": "0",
        "SAFELIGHT_LOCAL_ROOT": str(root),
        **{f"SAFELIGHT_{name.upper()}": value for name, value in settings.items()},
    }
    with _process(["-m", "origin"], environ, port) as pid:
        yield port, pid


@contextmanager
def origin_process(
    settings: Mapping[str, object], *, log: Path | None = None
) -> Iterator[tuple[int, int, int]]:
    """Process number, port and admin port of a server that is ready. log: where its own goes.

    settings: without their prefix, in capitals.
    """
    port, admin_port = free_port(), free_port()
    named = {**settings, "PORT": port, "ADMIN_PORT": admin_port}
    environ = {f"SAFELIGHT_{name}": str(value) for name, value in named.items()}
    with _process(["-m", "origin"], environ, port, log=log) as pid:
        _wait_until_ready(admin_port)
        yield pid, port, admin_port


@contextmanager
def _process(
    arguments: list[str], environ: Mapping[str, str], port: int, *, log: Path | None = None
) -> Iterator[int]:
    clean = {name: value for name, value in os.environ.items() if "SAFELIGHT_" not in name}
    with (Path(os.devnull) if log is None else log).open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            env={**clean, **environ},
            stderr=output,
            cwd=Path(__file__).parents[2],
        )
        try:
            wait_for(port, process)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(timeout=30)


def _wait_until_ready(admin_port: int) -> None:
    """It listens before everything is open."""
    end = time.monotonic() + _READY_SECONDS
    url = f"http://127.0.0.1:{admin_port}/readyz"
    while httpx.get(url, timeout=_READY_SECONDS, trust_env=False).is_error:
        if time.monotonic() > end:
            raise RuntimeError("expected the server to be ready by now, it is not")
        time.sleep(0.1)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(0.2)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
