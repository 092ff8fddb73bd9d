"""SIGHUP: keys, presets and limits change while the real server is at work, and nobody notices."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from signing.keys import KeyPair
from tests.origin.live import PAIR, photo, signed, size_of
from tests.system.crowd import ask, crowd, gallery
from tests.system.mount import Mount, key_settings
from tests.system.server import NO_TLS, SAFELIGHT, Server, environment, events, get, running, wait

OLD, NEW = PAIR, KeyPair(b"another key of the tests", b"another salt")
CAT = "/w:50/plain/local:///cat.jpg@png"
CLIENTS = 6


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    (folder / "cat.jpg").write_bytes(photo(600, 400))
    return folder


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path / "mounted")


@pytest.fixture
def server(tmp_path: Path, pictures: Path, mount: Mount) -> Iterator[Server]:
    mount.put(**key_settings(OLD))
    with serving(tmp_path, mount, LOCAL_ROOT=pictures) as server:
        yield server


def serving(folder: Path, mount: Mount, **settings: Any) -> AbstractContextManager[Server]:
    return running(folder / "server", SETTINGS_DIR=mount.folder, WORKERS=1, **settings)


def told(server: Server, event: str) -> list[dict[str, Any]]:
    return [one for one in server.events if one["event"] == event]


def hang_up(server: Server, event: str = "reloaded") -> dict[str, Any]:
    """Sends the signal and waits for what comes of it."""
    before = len(told(server, event))
    server.process.send_signal(signal.SIGHUP)
    wait(lambda: len(told(server, event)) > before)
    return told(server, event)[-1]


class Load:
    """Clients that ask again and again on connections that they keep, each signing as `pairs` say
    at that moment: for the same result, and now and then for one that nobody has asked for.
    """

    def __init__(self, server: Server) -> None:
        self.pairs = [OLD]
        self.answers: Counter[int] = Counter()
        self._server = server
        self._numbers = itertools.count()

    async def client(self) -> None:
        async with httpx.AsyncClient(
            base_url=self._server.url, trust_env=False, verify=NO_TLS
        ) as client:
            while True:
                number = next(self._numbers)
                path = CAT if number % 10 else f"/q:{number % 90 + 1}/w:9/plain/local:///cat.jpg"
                pair = self.pairs[number % len(self.pairs)]
                answer = await client.get(signed(path, pair), timeout=60)
                self.answers[answer.status_code] += 1

    async def more(self) -> None:
        """Until every client has asked again."""
        enough = self.answers.total() + 10 * CLIENTS
        async with asyncio.timeout(60):
            while self.answers.total() < enough:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def load(server: Server) -> AsyncIterator[Load]:
    clients = Load(server)
    tasks = [asyncio.create_task(clients.client()) for _ in range(CLIENTS)]
    try:
        await clients.more()
        yield clients
        await clients.more()
        assert not [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_keys_are_rotated_under_load_without_a_failed_request(
    server: Server, mount: Mount
) -> None:
    async with load(server) as clients:
        kept = await ask(server.port, signed(CAT, OLD))
        mount.put(**key_settings(NEW, OLD))
        await asyncio.to_thread(hang_up, server)
        clients.pairs = [OLD, NEW]
        await clients.more()
        clients.pairs = [NEW]
        await clients.more()
        mount.put(**key_settings(NEW))
        await asyncio.to_thread(hang_up, server)

        refused = [await ask(server.port, signed(CAT, OLD)) for _ in range(3)]
        found = await ask(server.port, signed(CAT, NEW))

    assert {(answer.status, answer.code) for answer in refused} == {(403, "signature_mismatch")}
    assert list(clients.answers) == [200]
    assert "hit" in found.headers["cache-status"]
    assert (found.headers["etag"], found.body) == (kept.headers["etag"], kept.body)


async def test_a_request_ends_by_the_keys_it_began_with(tmp_path: Path, mount: Mount) -> None:
    async with gallery() as pictures, crowd() as people:
        mount.put(**key_settings(OLD))
        web: dict[str, Any] = {"HTTP_ALLOW": pictures.host, "HTTP_ALLOW_PRIVATE": 1}
        path = f"/w:50/plain/{pictures.put(photo())}@png"
        with serving(tmp_path, mount, **web) as server:
            with pictures.holding("GET"):
                (client,) = await people.ask(server.port, [signed(path, OLD)])
                await asyncio.to_thread(wait, lambda: bool(pictures.asked))
                mount.put(**key_settings(NEW))
                await asyncio.to_thread(hang_up, server)
                late = await ask(server.port, signed(path, OLD))
            begun = await client.answer()

    assert (begun.status, late.status) == (200, 403)


def test_what_is_wrong_is_told_and_changes_nothing(server: Server, mount: Mount) -> None:
    mount.put(**key_settings(NEW), MAX_FRAMES="many", CORS="none")

    hang_up(server, "kept the configuration of before")
    mount.put(KEYS="c0ffee")
    hang_up(server, "kept the configuration of before")
    mount.put(**key_settings(NEW), PROT=1)
    hang_up(server, "kept the configuration of before")

    problems = [one["problem"] for one in told(server, "configuration refused")]
    assert [problem.partition(": ")[0].rpartition("/")[2] for problem in problems] == [
        "SAFELIGHT_MAX_FRAMES",
        "SAFELIGHT_SALTS",
        "SAFELIGHT_PROT",
    ]
    assert "c0ffee" not in server.logged
    answer = get(server.url + signed(CAT, OLD))
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "*")
    assert get(server.url + signed(CAT, NEW)).status_code == 403


def test_presets_limits_and_what_goes_around_answers_change_and_ports_do_not(
    tmp_path: Path, pictures: Path, mount: Mount
) -> None:
    presets = tmp_path / "safelight.toml"
    presets.write_text('[presets]\nthumb = "rs:fill:30:20"\n')
    thumb = signed("/pr:thumb/plain/local:///cat.jpg@png")
    mount.put(**key_settings(OLD), CONFIG=presets)
    with serving(tmp_path, mount, LOCAL_ROOT=pictures) as server:
        before = get(server.url + thumb)
        presets.write_text('[presets]\nthumb = "rs:fill:50:50"\n')
        changes: dict[str, Any] = {
            "MAX_SRC_MEGAPIXELS": 0.1,
            "TTL": 7,
            "CORS": "none",
            "MISS_RATE": "1/hour",
        }
        mount.put(**key_settings(OLD), CONFIG=presets, **changes)
        done = hang_up(server)
        large = get(server.url + signed(CAT))
        mount.put(**key_settings(OLD), CONFIG=presets, TTL=7, WORKER_JOBS=3, NODE="other")
        hang_up(server)
        after = get(server.url + thumb)
        hit = get(server.url + thumb)

    assert (size_of(before.content), size_of(after.content)) == ((30, 20), (50, 50))
    assert done["changed"] == [
        f"SAFELIGHT_{name}" for name in ("MISS_RATE", "TTL", "MAX_SRC_MEGAPIXELS", "CORS")
    ]
    assert (large.status_code, "SAFELIGHT_MAX_SRC_MEGAPIXELS" in large.text) == (422, True)
    assert "access-control-allow-origin" not in large.headers
    assert hit.headers["cache-control"].startswith("public, max-age=7,")
    assert hit.headers["access-control-allow-origin"] == "*"
    assert [one["setting"] for one in told(server, "needs a restart")] == [
        "SAFELIGHT_NODE",
        "SAFELIGHT_WORKER_JOBS",
    ]


def test_many_signals_at_once_and_one_before_it_is_ready_do_no_harm(
    tmp_path: Path, pictures: Path, mount: Mount
) -> None:
    mount.put(**key_settings(OLD))
    settings: dict[str, object] = {
        "SETTINGS_DIR": mount.folder,
        "LOCAL_ROOT": pictures,
        "PORT": 0,
        "ADMIN_PORT": 0,
    }
    log = tmp_path / "log"

    def is_worker(pid: str) -> bool:
        with suppress(FileNotFoundError, ProcessLookupError):
            return b"origin.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
        return False

    def logged(event: str) -> Callable[[], bool]:
        return lambda: event in [one["event"] for one in events(log.read_text().splitlines())]

    with log.open("wb") as stream:
        process = subprocess.Popen(
            [str(SAFELIGHT), "serve"], env=environment({**settings, "WORKERS": 1}), stderr=stream
        )
        try:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
            # While it imports its code, the signal still ends it.
            wait(lambda: any(map(is_worker, children.read_text().split())))
            process.send_signal(signal.SIGHUP)
            early = not logged("ready")()
            wait(logged("ready"))
            wait(logged("reloaded"))
            for _ in range(50):
                process.send_signal(signal.SIGHUP)
            for pid in children.read_text().split():
                os.kill(int(pid), signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            code = process.wait(60)
        finally:
            process.kill()
            process.wait()

    lines = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    assert (early, code) == (True, 0)
    assert set(lines) <= {"ready", "reloaded", "stopping", "stopped", "sandbox incomplete"}
