"""Servers whose tiers suffer: what they are asked, what they answer, and whether that is right.

What is right is what a server without any tier answers.
"""

from __future__ import annotations

import re
import subprocess
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.origin.live import noise
from tests.system.server import Server, get, running, wait

_PATIENCE = 60.0
_HIT = re.compile(r"safelight-(\w+); hit")
_WITHOUT_TIERS: dict[str, Any] = {"UNSAFE": 1, "WORKERS": 1, "CACHE_MEMORY_MB": 0}
_REFUSAL = b"<Error><Code>SlowDown</Code><Message>later</Message></Error>"

Seen = tuple[int, str | None, bytes]


@dataclass(frozen=True)
class Round:
    """What became of some requests: how many each tier answered, and in which time (seconds)."""

    tiers: Counter[str]
    seconds: tuple[float, ...]

    @property
    def slowest(self) -> float:
        return max(self.seconds)

    @property
    def usual(self) -> float:
        return median(self.seconds)


@dataclass(frozen=True)
class Gallery:
    """A picture, and what is right to answer when its results are asked for."""

    root: Path
    healthy: Server
    right: dict[str, Seen] = field(default_factory=dict)

    def learn(self, paths: Iterable[str]) -> None:
        """Ask the server without tiers."""
        new = [path for path in paths if path not in self.right]
        answers = asked(self.healthy, new, at_once=4)
        assert {answer.status_code for answer in answers} <= {200}
        self.right.update(zip(new, map(_seen, answers), strict=True))

    def ask(self, server: Server, paths: Sequence[str], *, at_once: int = 4) -> Round:
        """Each answer must be right, by status, ETag and every byte."""
        self.learn(paths)
        answers = asked(server, paths, at_once=at_once)
        self.compare(dict(zip(paths, answers, strict=True)))
        seconds = tuple(answer.elapsed.total_seconds() for answer in answers)
        return Round(Counter(map(tier_of, answers)), seconds)

    def compare(self, answers: dict[str, httpx.Response]) -> None:
        """Fails with what is wrong."""
        wrong = {
            path: (answer.status_code, answer.headers)
            for path, answer in answers.items()
            if _seen(answer) != self.right[path]
        }
        assert not wrong

    def wait_for_hits(self, server: Server, tier: str, paths: Sequence[str]) -> None:
        """Ask again and again, until all come from this tier."""
        wait(lambda: self.ask(server, paths).tiers == {tier: len(paths)})

    @contextmanager
    def serving(self, folder: Path, *, more: dict[str, str] | None = None, **settings: Any) -> Any:
        """A server of this picture, without memory unless it is set. It must not complain."""
        settings = {**_WITHOUT_TIERS, "LOCAL_ROOT": self.root, **settings}
        with running(folder, more=more, **settings) as server:
            yield server
        assert "Traceback" not in server.logged
        assert not [event for event in server.events if event["level"] in ("error", "critical")]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """For the tests of a module that imports it."""
    root, folder = tmp_path_factory.mktemp("pictures"), tmp_path_factory.mktemp("healthy")
    (root / "noise.png").write_bytes(noise(100))
    with running(folder, **_WITHOUT_TIERS, LOCAL_ROOT=root) as server:
        yield Gallery(root, server)


def results(height: int, *, first: int = 40, count: int = 20) -> list[str]:
    """Paths of as many results, all different, of some kilobytes each."""
    widths = range(first, first + count)
    return [f"/_/rs:force:{width}:{height}/plain/local:///noise.png@png" for width in widths]


def asked(server: Server, paths: Sequence[str], *, at_once: int) -> list[httpx.Response]:
    """The answers, in the order of the paths."""
    with (
        # To load what is trusted takes longer than most answers.
        httpx.Client(
            base_url=server.url, timeout=_PATIENCE, trust_env=False, verify=False
        ) as client,
        ThreadPoolExecutor(at_once) as pool,
    ):
        return list(pool.map(client.get, paths))


def tier_of(answer: httpx.Response) -> str:
    """The tier that had it, or `none`."""
    found = _HIT.search(answer.headers["cache-status"])
    return found[1] if found else "none"


def facts(server: Server) -> dict[str, Any]:
    """What the admin port tells of the caches."""
    answer: dict[str, Any] = get(f"{server.admin_url}/cache").json()
    return answer


def counts(server: Server, tier: str) -> Counter[str]:
    """Of one tier, since the start."""
    return Counter(facts(server)["tiers"][tier])


def files(folder: Path) -> list[Path]:
    """The results that lie in the folder of a disk tier."""
    return sorted(path for path in folder.glob("v1/??/*") if path.is_file())


@contextmanager
def mounted(folder: Path, *options: str, what: Path | str = "none") -> Iterator[None]:
    """Something mounted on the folder. The test is skipped where that is not permitted."""
    folder.mkdir(exist_ok=True)
    try:
        done = subprocess.run(["mount", *options, str(what), str(folder)], capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if done.returncode:
        pytest.skip(f"mounting is not permitted: {done.stderr.decode(errors='replace').strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class Gate:
    """A way to S3 that can be closed: then it answers 503, as stores that are overworked do."""

    def __init__(self, store: str) -> None:
        gate, host = self, urlsplit(store).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = _PATIENCE

            def parse_request(self) -> bool:
                # One method for whatever is asked.
                parsed = super().parse_request()
                if parsed:
                    setattr(self, f"do_{self.command}", self.pass_on)
                return parsed

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if gate.closed:
                    gate.refused += 1
                    self.answer(503, [("Content-Type", "application/xml")], _REFUSAL)
                    return
                # What breaks off on the other side breaks off here.
                with (
                    suppress(OSError, HTTPException),
                    closing(HTTPConnection(host, timeout=_PATIENCE)) as connection,
                ):
                    connection.putrequest(self.command, self.path, True, True)
                    for name, value in self.headers.items():
                        connection.putheader(name, value)
                    connection.endheaders(body)
                    answer = connection.getresponse()
                    self.answer(answer.status, answer.getheaders(), answer.read())
                    return
                self.close_connection = True

            def answer(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
                self.send_response_only(status)
                for name, value in fields:
                    if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing."""

        self.closed = False
        self.refused = 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@contextmanager
def gate_to(store: str) -> Iterator[Gate]:
    """A gate, open until it is closed, in front of the store with this URL."""
    gate = Gate(store)
    gate.server.daemon_threads = True
    thread = threading.Thread(target=gate.server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield gate
    finally:
        gate.server.shutdown()
        thread.join(_PATIENCE)
        gate.server.server_close()


def _seen(answer: httpx.Response) -> Seen:
    return answer.status_code, answer.headers.get("etag"), answer.content
