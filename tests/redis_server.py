"""A real Redis for tests, on a port of its own and without a file on disk.

Re-export the fixtures in the conftest of a package that needs them:

    from tests.redis_server import redis_server as redis_server, redis_url as redis_url

`redis_url` is an empty database. A test that stops or freezes the server takes `own_redis`.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

_PATIENCE = 20.0
"""Seconds until the server must answer; it takes a tenth of one on an idle machine."""


class RedisServer:
    """A server that can be stopped and started again, at the same address and empty."""

    def __init__(self, program: str, folder: Path, port: int, args: Sequence[str]) -> None:
        self.port = port
        self._log = folder / "redis.log"
        self._command = [
            program,
            *("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)),
            *("--save", "", "--appendonly", "no", "--logfile", str(self._log)),
            *args,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int:
        assert self._process is not None, "the server is stopped"
        return self._process.pid

    def start(self) -> None:
        """Start, and wait until it answers."""
        assert self._process is None, "the server runs"
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and self._process.poll() is None:
            if self._answers():
                return
            time.sleep(0.02)
        self.stop()
        log = self._log.read_text() if self._log.exists() else "no log"
        raise RuntimeError(f"expected Redis to answer within {_PATIENCE} s, got: {log}")

    def stop(self) -> None:
        """End it; whatever it held is gone. Nothing happens if it does not run."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Connections stay open and are even accepted, but nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def ask(self, *words: str) -> bytes:
        """The answer to one command, as it comes over the wire."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=_PATIENCE) as link:
            parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
            link.sendall(f"*{len(words)}\r\n{''.join(parts)}".encode())
            return link.recv(65_536)

    def _answers(self) -> bool:
        try:
            # A server with a password says so.
            return self.ask("PING").startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False


@contextmanager
def serve_redis(folder: Path, *, args: Sequence[str] = ()) -> Iterator[RedisServer]:
    """Run a server until the block is left. The test is skipped where none is installed."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("expected redis-server: apt-get install redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    server = RedisServer(program, folder, _free_port(), args)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests of a package, which leave it as it is."""
    with serve_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: RedisServer) -> str:
    """An empty database."""
    assert redis_server.ask("FLUSHALL") == b"+OK\r\n"
    return redis_server.url


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisServer]:
    """A server to stop and to freeze."""
    with serve_redis(tmp_path / "redis") as server:
        yield server


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
