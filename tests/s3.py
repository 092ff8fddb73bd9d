"""A real S3 endpoint for tests: `rclone serve s3` over a folder whose sub-folders are buckets.

Re-export the fixtures in the conftest of a package that needs them:

    from tests.s3 import s3 as s3, s3_server as s3_server

`s3` is for tests in this process; tests that start the service as a process of its own call
`serve_s3` and hand `server.environment` to it. Each test takes a `new_bucket()` of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

_PATIENCE = 20.0
"""Seconds until the endpoint must answer; it takes a tenth of one on an idle machine."""


@dataclass(frozen=True, slots=True)
class S3Server:
    """A running endpoint, and what a client must know about it."""

    url: str
    access_key: str
    secret_key: str
    root: Path

    @property
    def environment(self) -> dict[str, str]:
        """What makes the standard AWS chain find these credentials and nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "*",
        }

    def new_bucket(self) -> str:
        """The name of a new, empty bucket."""
        name = f"bucket-{uuid4().hex[:12]}"
        (self.root / name).mkdir()
        return name

    def put(self, bucket: str, key: str, data: bytes) -> None:
        """Store an object, at once and whole."""
        path = self.root / bucket / key
        path.parent.mkdir(parents=True, exist_ok=True)
        part = self.root / f"{uuid4().hex}.part"
        part.write_bytes(data)
        part.replace(path)

    def remove(self, bucket: str, key: str) -> None:
        """Delete an object."""
        (self.root / bucket / key).unlink()


@contextmanager
def serve_s3(folder: Path) -> Iterator[S3Server]:
    """Run an endpoint over a new `folder` until the block is left."""
    root = folder / "buckets"
    root.mkdir(parents=True)
    log = folder / "rclone.log"
    access_key, secret_key = f"AKIA{uuid4().hex[:16].upper()}", uuid4().hex + uuid4().hex[:8]
    command = [
        str(Path(sysconfig.get_path("scripts")) / "rclone"),
        *("serve", "s3", str(root)),
        # Port 0: the system picks a free one, which the log then tells.
        *("--addr", "127.0.0.1:0"),
        *("--auth-key", f"{access_key},{secret_key}"),
        # Files are put into the folder behind its back, so it must remember nothing.
        *("--dir-cache-time", "1ms", "--poll-interval", "0"),
        *("--config", "", "--cache-dir", str(folder / "cache")),
    ]
    environment = {"HOME": str(folder), "PATH": os.environ.get("PATH", "")}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, stdout=output, stderr=output, env=environment) as process,
    ):
        try:
            yield S3Server(_wait_for_url(process, log), access_key, secret_key, root)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def isolate_aws(monkeypatch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Replace every AWS setting of this process, so that no real account can be reached."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """One endpoint for all tests of a package."""
    with serve_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The endpoint, with its credentials in this process's environment."""
    isolate_aws(monkeypatch, s3_server.environment)
    return s3_server


def _wait_for_url(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        # Written once the socket listens.
        found = re.search(r"\[(http://[\d.:]+)/\]", log.read_text())
        if found is not None and urlsplit(found[1]).port:
            return found[1]
        time.sleep(0.02)
    raise RuntimeError(f"expected rclone to serve within {_PATIENCE} s, got: {log.read_text()}")
