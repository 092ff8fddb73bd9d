"""Real stores for the benchmarks: Debian's redis-server, and `rclone serve s3`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from loadtests.bench.servers import free_port, wait_for

_KEY, _SECRET = "safelight-bench", "safelight-bench-secret"


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """Its URL."""
    program = which("redis-server")
    if program is None:
        raise RuntimeError("this benchmark needs redis-server: apt-get install redis-server")
    port = free_port()
    command = [program, "--port", str(port), "--save", "", "--dir", str(folder)]
    with _running(command, port):
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def object_store(folder: Path) -> Iterator[dict[str, str]]:
    """The settings and credentials with which a server keeps its results there."""
    (folder / "objects" / "results").mkdir(parents=True)
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "rclone"),
        *("serve", "s3", str(folder / "objects"), "--addr", f"127.0.0.1:{port}"),
        *("--auth-key", f"{_KEY},{_SECRET}", "--config", "", "--dir-cache-time", "1ms"),
    ]
    # The standard chain of AWS reads them from the environment, which servers inherit.
    os.environ |= {"AWS_ACCESS_KEY_ID": _KEY, "AWS_SECRET_ACCESS_KEY": _SECRET}
    with _running(command, port):
        yield {
            "cache_results": "s3://results/r",
            "s3_endpoint": f"http://127.0.0.1:{port}",
            "s3_region": "us-east-1",
        }


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    silent = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=silent, stderr=silent) as process:
        try:
            wait_for(port, process)
            yield
        finally:
            process.terminate()
