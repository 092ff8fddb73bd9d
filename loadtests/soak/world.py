"""The server under test with all the tiers that can be had here, and the pictures it serves.

The tiers are small, so that they are full before measuring begins: a tier that fills is no leak.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

import httpx

from loadtests.bench.servers import free_port, wait_for
from loadtests.bench.stores import object_store, redis_server
from loadtests.soak.sources import Pictures, pictures
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair

MEMORY_MB = 16
_PATIENCE = 60.0
_ROOT = Path(__file__).parents[2]
_SMALL = {
    "CACHE_MEMORY_MB": MEMORY_MB,
    "CACHE_DISK_MB": 48,
    "CACHE_SOURCES_MB": 16,
    "WORKERS": 2,
    # Pointers are renewed, and workers replaced, many times.
    "POINTER_TTL": 5,
    "NEGATIVE_TTL": 1,
    "TIMEOUT": 5,
    "WORKER_JOBS": 1000,
}


@dataclass(frozen=True, slots=True)
class World:
    """stores: what connections are kept to, by port. tiers: what the results are kept in."""

    pid: int
    port: int
    admin_port: int
    log: Path
    sources: Pictures
    where: tuple[str, ...]
    stores: dict[int, str]
    tiers: tuple[str, ...]
    scheme: ImgproxyScheme

    def signed(self, path: str) -> str:
        return self.scheme.sign(path.encode()).decode()


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Servers that run until the block is left."""
    sources, pair = pictures(), KeyPair(secrets.token_bytes(16), secrets.token_bytes(16))
    settings: dict[str, object] = {**_SMALL, "CACHE_DISK_DIR": folder / "disk"}
    settings |= {"KEYS": pair.key.hex(), "SALTS": pair.salt.hex(), "LOCAL_ROOT": folder / "local"}
    _write(folder / "local", sources)
    where, tiers, stores = ["local://"], ["memory", "disk"], {}
    with ExitStack() as stack:
        if which("redis-server"):
            url = stack.enter_context(redis_server(folder))
            settings["CACHE_REDIS_URL"] = url
            stores[urlsplit(url).port or 0] = "Redis"
            tiers.append("Redis")
        if (Path(sys.executable).parent / "rclone").exists():
            for name, value in stack.enter_context(object_store(folder)).items():
                settings[name.upper()] = value
            _write(folder / "objects" / "pictures", sources)
            settings["S3_BUCKETS"] = "pictures"
            stores[urlsplit(str(settings["S3_ENDPOINT"])).port or 0] = "S3"
            where.append("s3://pictures")
            tiers.append("objects")
        ports = free_port(), free_port()
        settings |= {"PORT": ports[0], "ADMIN_PORT": ports[1]}
        log = folder / "server.log"
        pid = stack.enter_context(_server(settings, log, ports))
        scheme = ImgproxyScheme((pair,))
        yield World(pid, *ports, log, sources, tuple(where), stores, tuple(tiers), scheme)


def _write(folder: Path, sources: Pictures) -> None:
    folder.mkdir()
    for name, data in sources.all.items():
        (folder / name).write_bytes(data)


@contextmanager
def _server(settings: dict[str, object], log: Path, ports: tuple[int, int]) -> Iterator[int]:
    clean = {name: value for name, value in os.environ.items() if "SAFELIGHT_" not in name}
    named = {f"SAFELIGHT_{name}": str(value) for name, value in settings.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "origin"], env=clean | named, stderr=output, cwd=_ROOT
        )
        try:
            wait_for(ports[0], process)
            _wait_until_ready(ports[1])
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait_until_ready(admin_port: int) -> None:
    """It listens before everything is open."""
    end = time.monotonic() + _PATIENCE
    url = f"http://127.0.0.1:{admin_port}/readyz"
    while httpx.get(url, timeout=_PATIENCE, trust_env=False).is_error:
        if time.monotonic() > end:
            raise RuntimeError("expected the server to be ready by now, it is not")
        time.sleep(0.1)
