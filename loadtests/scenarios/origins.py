"""Two origins to try scenarios on: with memory, disk, and one Redis for both where there is one."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import pyvips

from loadtests.bench.pictures import photographs
from loadtests.bench.servers import origin_process
from loadtests.bench.stores import redis_server

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
    pair = {"KEYS": secrets.token_hex(16), "SALTS": secrets.token_hex(16)}
    signing = {f"SAFELIGHT_{name}": value for name, value in pair.items()}
    sources = _catalogue(folder / "pictures")
    shared: dict[str, object] = {
        **pair,
        "LOCAL_ROOT": folder / "pictures",
        "CACHE_MEMORY_MB": _MEMORY_MB,
        "CACHE_DISK_MB": _DISK_MB,
        "WORKERS": max(1, (os.cpu_count() or 1) // count),
    }
    with ExitStack() as stack:
        if which("redis-server"):
            shared["CACHE_REDIS_URL"] = stack.enter_context(redis_server(folder))
        each = []
        for number in range(count):
            disk = {"CACHE_DISK_DIR": folder / f"disk-{number}"}
            each.append(stack.enter_context(_origin(shared | disk)))
        yield Origins(tuple(each), signing, sources)


@contextmanager
def _origin(settings: Mapping[str, object]) -> Iterator[Origin]:
    with origin_process(settings) as (pid, port, admin_port):
        yield Origin(pid, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}")


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
