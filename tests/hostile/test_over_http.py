"""The whole server under fire: each hostile picture has an answer of its own, and no other pays."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from loadtests.fuzz.case import cases
from loadtests.fuzz.seeds import seeds
from tests.hostile.bombs import BOMBS
from tests.hostile.disguises import DISGUISES
from tests.hostile.polyglots import FOREIGN, POLYGLOTS
from tests.hostile.siege import honest
from tests.system.server import Server, open_client, running

# One of each kind, and those that take long.
CHOSEN = (
    "png 60000x60000, no data", "png 9999x9999 interlaced in 16 bits", "gif 65535x65535",
    "webp 9999x9999", "webp 16384x16384", "tiff 100000x100000", "tiff directories in a circle",
    "jpeg 8000x8000 in 5000 scans", "avif 65535x65535", "avif 300 frames", "bmp 100000x100000",
    "svg 10^9 entities", "svg 10^9 uses", "svg 9999x9999 inside",
)  # fmt: skip
STATUSES = {415, 422, 504}
SPOILT = 150
_NEW = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Target:
    """A server, its folder of pictures, and a client of it."""

    server: Server
    pictures: Path
    client: httpx.Client

    def get(self, data: bytes) -> httpx.Response:
        """A thumbnail of these bytes, whose name is new."""
        name = f"{next(_NEW)}-{zlib.crc32(data)}.jpg"
        (self.pictures / name).write_bytes(data)
        return self.client.get(f"/_/w:64/plain/local:///{name}")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder = tmp_path_factory.mktemp("hostile")
    pictures = folder / "pictures"
    pictures.mkdir()
    with (
        running(folder, LOCAL_ROOT=pictures, UNSAFE=1, WORKERS=2, TIMEOUT=2) as server,
        open_client(server.url, timeout=60) as client,
    ):
        yield Target(server, pictures, client)


def fine(target: Target) -> None:
    """The next that asks is served."""
    answer = target.get(honest())

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


def settled(answer: httpx.Response) -> None:
    """A picture of ours, or words that say why not."""
    if answer.status_code == 200:
        assert answer.headers["content-type"].startswith("image/")
        assert "svg" not in answer.headers["content-type"]
    else:
        assert answer.status_code in STATUSES, answer.text
        assert answer.headers["x-safelight-error"]
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("name", CHOSEN)
def test_a_bomb_is_answered_and_the_next_is_served(name: str, target: Target) -> None:
    answer = target.get(BOMBS[name]())

    settled(answer)
    fine(target)


def test_a_disguise_is_told_to_be_no_picture(target: Target) -> None:
    answers = {name: target.get(data) for name, data in DISGUISES.items()}

    assert {
        name: (answer.status_code, answer.headers["x-safelight-error"])
        for name, answer in answers.items()
    } == dict.fromkeys(DISGUISES, (415, "source_unsupported"))
    fine(target)


def test_a_polyglot_is_named_for_what_it_is_now(target: Target) -> None:
    for name, write in POLYGLOTS.items():
        answer = target.get(write())

        settled(answer)
        if answer.status_code == 200:
            assert [text for text in FOREIGN if text in answer.content] == [], name
    fine(target)


def test_spoilt_pictures_are_answered(target: Target) -> None:
    for case in cases(seeds(None), seed=2, count=SPOILT):
        settled(target.get(case.data))
    fine(target)


def test_the_server_has_seen_nothing_that_nobody_foresaw(target: Target) -> None:
    events = target.server.events

    assert target.server.process.poll() is None
    assert "Traceback" not in target.server.logged
    assert {event["status"] for event in events if "status" in event} <= {200, *STATUSES}
    failures = [event for event in events if event.get("level") in ("error", "critical")]
    assert [event for event in failures if "status" not in event] == []


def test_workers_that_were_under_fire_hold_little_afterwards(target: Target) -> None:
    fine(target)

    pids = target.server.workers

    assert len(pids) == 2
    assert max(map(resident_mb, pids)) < 1024


def resident_mb(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) // 1024
