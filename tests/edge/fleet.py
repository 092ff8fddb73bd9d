"""Two real origins that share a Redis and an object store; each can be killed and started again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.edge.edges import KEYS
from tests.pictures import saved, sheet
from tests.redis_server import RedisServer
from tests.s3 import S3Server
from tests.system.nodes import RED, Colour
from tests.system.server import Server, free_port, get, post, running

# Copies of what lies there have to be renewed after a second.
BRIEF = "brief"
CONFIG = """
[[policies]]
prefix = "s3://{bucket}/{brief}/"
ttl = 1
"""


@dataclass
class Fleet:
    """Made by `fleet`. ports: where the origins answer, whether they run or not."""

    folder: Path
    store: S3Server
    redis: RedisServer
    bucket: str = field(init=False)
    ports: tuple[int, int] = field(default_factory=lambda: (free_port(), free_port()))
    _settings: dict[str, Any] = field(init=False)
    _running: dict[int, tuple[Server, ExitStack]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bucket = self.store.new_bucket()
        config = self.folder / "safelight.toml"
        config.write_text(CONFIG.format(bucket=self.bucket, brief=BRIEF))
        self._settings = {
            **KEYS,
            "WORKERS": 1,
            "POINTER_TTL": 1,
            "CONFIG": config,
            "TRUSTED_PROXIES": "127.0.0.0/8",
            "S3_ENDPOINT": self.store.url,
            "S3_BUCKETS": self.bucket,
            "CACHE_RESULTS": f"s3://{self.store.new_bucket()}/results",
            "CACHE_REDIS_URL": self.redis.url,
            "more": self.store.environment,
        }

    def put(self, name: str, colour: Colour = RED, side: int = 64) -> str:
        """Keeps a picture of one colour; the reference that names it."""
        self.store.put(self.bucket, name, saved(sheet(side, side, colour)))
        return f"s3://{self.bucket}/{name}"

    def start(self) -> None:
        """Those that do not run."""
        missing = {0, 1} - self._running.keys()
        with ThreadPoolExecutor(2) as starting:
            list(starting.map(self._start, missing))

    def _start(self, index: int) -> None:
        stack = ExitStack()
        folder = self.folder / f"origin-{index}"
        own = {**self._settings, "PORT": self.ports[index], "NODE": str(index)}
        self._running[index] = (stack.enter_context(running(folder, **own)), stack)

    def kill(self, index: int) -> None:
        """At once, in the midst of whatever it does."""
        server, stack = self._running.pop(index)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait(30)
        stack.close()

    def stop(self) -> None:
        """In good order."""
        for index in list(self._running):
            self._running.pop(index)[1].close()

    def counts(self, part: str, name: str) -> list[int]:
        """Of `GET /cache`, by origin."""
        return [
            int(get(f"{server.admin_url}/cache").json()[part][name])
            for server, _ in map(self._running.__getitem__, (0, 1))
        ]

    def heard(self, text: str) -> int:
        """The requests in the origins' logs whose path contains this."""
        return sum(
            event.get("event") == "request" and text in event["path"]
            for server, _ in self._running.values()
            for event in server.events
        )

    def purge(self, source: str) -> str:
        """Makes the origins forget a source; the tag by which edges have to forget it."""
        url = f"{self._running[0][0].admin_url}/purge"
        report = post(url, {"source": source}).json()
        assert report["missing"] == []
        (tag,) = report["tags"]
        return str(tag)


@contextmanager
def fleet(folder: Path, store: S3Server, redis: RedisServer) -> Iterator[Fleet]:
    """Both run until the block is left, unless a test kills them."""
    opened = Fleet(folder, store, redis)
    try:
        opened.start()
        yield opened
    finally:
        opened.stop()
