"""Two origins to try scenarios on: with memory, disk, and one Redis for both where there is one."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import httpx
import pyvips

from loadtests.bench.pictures import photographs
from loadtests.bench.servers import free_port, wait_for
from loadtests.bench.stores import redis_server

_ROOT = Path(__file__).parents[2]
_PATIENCE = 60.0
_WIDTH = 1600
_NAMES_EACH = 60
_MEMORY_MB, _DISK_MB = 48, 256


@dataclass(frozen=True, slots=True)
class Origin:
    pid: int
    url: str
    admin: str


@dataclass(frozen=True, slots=True)
class Origins:
    """signing: the settings that clients sign by. sources: the most popular first."""

    each: tuple[Origin, ...]
    signing: Mapping[str, str]
    sources: tuple[str, ...]


@contextmanager
def open_origins(folder: Path, *, count: int = 2) -> Iterator[Origins]:
    """They run until the block is left, or are killed."""
    signing = {
        "SAFELIGHT_KEYS": secrets.token_hex(16),
        "SAFELIGHT_SALTS": secrets.token_hex(16),
    }
    sources = _catalogue(folder / "pictures")
    shared = {
        **signing,
        "SAFELIGHT_LOCAL_ROOT": str(folder / "pictures"),
        "SAFELIGHT_CACHE_MEMORY_MB": str(_MEMORY_MB),
        "SAFELIGHT_CACHE_DISK_MB": str(_DISK_MB),
        "SAFELIGHT_WORKERS": str(max(1, (os.cpu_count() or 1) // count)),
    }
    with ExitStack() as stack:
        if which("redis-server"):
            shared["SAFELIGHT_CACHE_REDIS_URL"] = stack.enter_context(redis_server(folder))
        each = []
        for number in range(count):
            disk = {"SAFELIGHT_CACHE_DISK_DIR": str(folder / f"disk-{number}")}
            each.append(stack.enter_context(_origin(shared | disk)))
        yield Origins(tuple(each), signing, sources)


@contextmanager
def _origin(settings: Mapping[str, str]) -> Iterator[Origin]:
    port, admin_port = free_port(), free_port()
    clean = {name: value for name, value in os.environ.items() if "SAFELIGHT_" not in name}
    ports = {"SAFELIGHT_PORT": str(port), "SAFELIGHT_ADMIN_PORT": str(admin_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "origin"],
        env={**clean, **settings, **ports},
        stderr=subprocess.DEVNULL,
        cwd=_ROOT,
    )
    try:
        wait_for(port, process)
        admin = f"http://127.0.0.1:{admin_port}"
        _wait_until_ready(admin)
        yield Origin(process.pid, f"http://127.0.0.1:{port}", admin)
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=30)


def _catalogue(folder: Path) -> tuple[str, ...]:
    """Few photographs under many names: to a server they are different ones."""
    folder.mkdir(parents=True)
    for place, data in enumerate(photographs().values()):
        small = pyvips.Image.thumbnail_buffer(data, _WIDTH).write_to_buffer(".jpg[Q=85]")
        (folder / f"{place}-0.jpg").write_bytes(small)
        for number in range(1, _NAMES_EACH):
            os.link(folder / f"{place}-0.jpg", folder / f"{place}-{number}.jpg")
    names = sorted((path.name for path in folder.iterdir()), key=lambda name: name[::-1])
    return tuple(f"local:///{name}" for name in names)


def _wait_until_ready(admin: str) -> None:
    """It listens before everything is open."""
    end = time.monotonic() + _PATIENCE
    while httpx.get(f"{admin}/readyz", timeout=_PATIENCE, trust_env=False).is_error:
        if time.monotonic() > end:
            raise RuntimeError("expected the server to be ready by now, it is not")
        time.sleep(0.1)
