"""The server under test with all the tiers that can be had here, and the pictures it serves.

The tiers are small, so that they are full before measuring begins: a tier that fills is no leak.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from urllib.parse import urlsplit

from loadtests.bench.servers import origin_process
from loadtests.bench.stores import object_store, redis_server
from loadtests.soak.sources import Pictures, pictures
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair

MEMORY_MB = 16
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
        log = folder / "server.log"
        pid, port, admin_port = stack.enter_context(origin_process(settings, log=log))
        scheme = ImgproxyScheme((pair,))
        yield World(pid, port, admin_port, log, sources, tuple(where), stores, tuple(tiers), scheme)


def _write(folder: Path, sources: Pictures) -> None:
    folder.mkdir()
    for name, data in sources.all.items():
        (folder / name).write_bytes(data)
