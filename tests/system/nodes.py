"""Nodes of one fleet: a Redis and a bucket of results that they share, a disk tier each."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal

from cache.key import source_name
from tests.origin.live import PAIR, signed
from tests.origin.sources.web_server import WebServer, serve_web
from tests.pictures import pixels, saved, sheet
from tests.redis_server import RedisServer
from tests.s3 import S3Server
from tests.system.server import Server, open_client, refused, running

Colour = tuple[int, int, int]
RED, BLUE = (255, 0, 0), (0, 0, 255)

_PATIENCE = 60.0
KEYS: dict[str, Any] = {"KEYS": PAIR.key.hex(), "SALTS": PAIR.salt.hex()}


@dataclass(frozen=True)
class Node:
    """A running server, asked over one connection that stays open."""

    name: str
    server: Server
    client: httpx.Client

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        """Asks for the path, which is signed here."""
        return self.client.get(signed(path), headers={"accept": accept})

    def tags(self, paths: Sequence[str]) -> list[str]:
        """The ETags of the answers, which are all pictures."""
        answers = [self.get(path) for path in paths]
        assert {answer.status_code for answer in answers} == {200}, self.server.logged
        return [answer.headers["etag"] for answer in answers]

    def facts(self) -> Any:
        """What `GET /cache` tells."""
        return self.client.get(f"{self.server.admin_url}/cache").json()

    def command(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`safelight NAME`, for this node."""
        return refused(self.server.folder, name, *arguments, "--admin", self.server.admin_url)

    def on_disk(self, source: str) -> list[Path]:
        """The results of a source in the disk tier."""
        return list((self.server.folder / "disk").glob(f"v1/??/{source_name(source)}.*"))

    def purges(self) -> list[str]:
        """Those that are kept on the disk."""
        file = self.server.folder / "disk" / "purges.log"
        return file.read_text().splitlines() if file.exists() else []


@dataclass(frozen=True)
class Fleet:
    """What nodes share. `endpoint` is where they reach the object store, which may be a proxy."""

    folder: Path
    store: S3Server
    redis: RedisServer | None = None
    endpoint: str = ""
    sources: str = field(init=False)
    results: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sources", self.store.new_bucket())
        object.__setattr__(self, "results", self.store.new_bucket())
        self.pictures.mkdir(parents=True, exist_ok=True)

    @property
    def pictures(self) -> Path:
        """The folder behind `local:///`."""
        return self.folder / "pictures"

    def put(self, name: str, colour: Colour = RED) -> str:
        """A picture of one colour in the bucket of sources; the reference that names it."""
        self.store.put(self.sources, name, picture(colour))
        return f"s3://{self.sources}/{name}"

    def stored(self, source: str) -> list[Path]:
        """The results of a source in the object store."""
        return list(self._shelf(source).glob("*"))

    def store_again(self, source: str, file: Path) -> None:
        """What a node has on its disk, in the object store."""
        shutil.copy(file, self._shelf(source) / file.name.rpartition(".")[2])

    def _shelf(self, source: str) -> Path:
        return self.store.root / self.results / "results" / source_name(source)

    @property
    def config(self) -> Path:
        """Where a test writes presets and policies; nodes read it if it is there."""
        return self.folder / "safelight.toml"

    @contextmanager
    def node(self, name: str, **settings: object) -> Iterator[Node]:
        """Runs until the block is left. `settings` go before those of the fleet."""
        folder = self.folder / name
        usual: dict[str, Any] = {
            **KEYS,
            "NODE": name,
            "WORKERS": 1,
            "TIMEOUT": 30,
            "LOCAL_ROOT": self.pictures,
            "S3_ENDPOINT": self.endpoint or self.store.url,
            "S3_BUCKETS": self.sources,
            "CACHE_DISK_DIR": folder / "disk",
            "CACHE_RESULTS": f"s3://{self.results}/results",
        }
        if self.config.exists():
            usual["CONFIG"] = self.config
        if self.redis is not None:
            usual["CACHE_REDIS_URL"] = self.redis.url
        with (
            running(folder, more=self.store.environment, **{**usual, **settings}) as server,
            open_client(server.url, timeout=_PATIENCE) as client,
        ):
            yield Node(name, server, client)

    @contextmanager
    def nodes(self, **settings: object) -> Iterator[tuple[Node, Node]]:
        """Two of them, that have heard of each other."""
        with self.node("a", **settings) as one, self.node("b", **settings) as other:
            if self.redis is not None:
                until(lambda: self.living == {"a", "b"})
            yield one, other

    @property
    def living(self) -> set[str]:
        """The nodes that are known to Redis, of `a` and `b`."""
        assert self.redis is not None
        told = self.redis.ask("ZRANGE", "safelight:nodes", "0", "-1").split(b"\r\n")
        return {name.decode() for name in told} & {"a", "b"}


def picture(colour: Colour, side: int = 32) -> bytes:
    return saved(sheet(side, side, colour))


def colour_of(answer: httpx.Response) -> Colour:
    """Of the first pixel; of three values, of which each is all or nothing."""
    assert answer.status_code == 200, answer.text
    red, green, blue = pixels(answer.content)[0, 0]
    return 255 * round(red / 255), 255 * round(green / 255), 255 * round(blue / 255)


def is_hit(answer: httpx.Response) -> bool:
    return "; hit" in answer.headers["cache-status"]


def until(claim: Callable[[], object], within: float = _PATIENCE) -> float:
    """Waits for what is going to be true; the seconds that it took."""
    began = time.monotonic()
    while not claim():
        assert time.monotonic() < began + within, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


@contextmanager
def web_thread() -> Iterator[WebServer]:
    """A web server in a thread of its own, for tests that have no loop."""
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        yield stack.enter_context(portal.wrap_async_context_manager(serve_web()))
