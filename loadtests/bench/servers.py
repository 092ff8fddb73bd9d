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

_START_SECONDS = 30


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
def _process(arguments: list[str], environ: Mapping[str, str], port: int) -> Iterator[int]:
    clean = {name: value for name, value in os.environ.items() if "SAFELIGHT_" not in name}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env={**clean, **environ},
        stderr=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


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
