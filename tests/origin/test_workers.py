"""The pool: work is done elsewhere, and whatever happens there, the next request is served."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pyvips

from origin.errors import Overloaded, WorkerCrashed
from origin.picture_file import PictureFile, sealed_picture
from origin.sandbox import Confinement
from origin.worker_start import start_worker
from origin.workers import Workers, open_workers
from tests.origin.live import until
from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import BrokenSource, UnsupportedSource
from transforms.limits import Limits
from transforms.plan import Plan


def plan(options: str) -> Plan:
    return Imgproxy().parse(f"/{options}/plain/local:///x".encode())


SMALL = plan("w:20/f:webp")
# A picture of noise at AVIF quality 100 keeps an encoder busy for seconds.
SLOW = plan("q:100/f:avif")


@pytest.fixture(scope="module")
def noise() -> PictureFile:
    image = pyvips.Image.gaussnoise(2600, 2600, sigma=80).cast("uchar")
    return sealed_picture(image.pngsave_buffer(compression=1))


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with open_workers(1, Limits()) as opened:
        yield opened


async def test_a_worker_answers_and_goes_on_answering(workers: Workers, noise: PictureFile) -> None:
    first = await workers.render(SMALL, noise, {})
    pids = workers.pids
    second = await workers.render(SMALL, noise, {})

    assert (first.width, first.media_type) == (20, "image/webp")
    assert second.data == first.data
    assert workers.pids == pids


async def test_a_typed_error_costs_no_worker(workers: Workers, noise: PictureFile) -> None:
    pids = workers.pids

    with pytest.raises(UnsupportedSource):
        await workers.render(SMALL, sealed_picture(b"no picture"), {})
    with pytest.raises(BrokenSource):
        await workers.render(SMALL, sealed_picture(noise.read()[:2000]), {})

    assert workers.pids == pids


async def test_a_caller_that_gives_up_ends_the_work_and_the_next_is_served(
    workers: Workers, noise: PictureFile
) -> None:
    pids = workers.pids

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await workers.render(SLOW, noise, {})
    served = await workers.render(SMALL, noise, {})

    assert served.width == 20
    assert workers.pids != pids
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


async def test_a_worker_that_dies_at_work_fails_one_request(
    workers: Workers, noise: PictureFile
) -> None:
    work = asyncio.create_task(workers.render(SLOW, noise, {}))
    await asyncio.sleep(0.2)
    os.kill(workers.pids[0], signal.SIGKILL)

    with pytest.raises(WorkerCrashed):
        await work
    assert (await workers.render(SMALL, noise, {})).width == 20


async def test_a_worker_that_dies_idle_fails_no_request(
    workers: Workers, noise: PictureFile
) -> None:
    pid = workers.pids[0]
    os.kill(pid, signal.SIGKILL)
    await until(lambda: pid not in _living())

    assert (await workers.render(SMALL, noise, {})).width == 20


async def test_a_full_queue_turns_away(workers: Workers, noise: PictureFile) -> None:
    tasks = [asyncio.create_task(workers.render(SLOW, noise, {})) for _ in range(257)]
    await asyncio.sleep(0.05)

    with pytest.raises(Overloaded):
        await workers.render(SMALL, noise, {})
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_closing_leaves_no_process() -> None:
    async with open_workers(2, Limits()) as workers:
        pids = workers.pids

    assert len(pids) == 2
    assert not set(pids) & set(_living())


async def test_a_worker_has_no_secrets_in_its_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret")
    monkeypatch.setenv("SAFELIGHT_KEYS", "00ff")
    # One that is confined shows it to nobody.
    worker = await start_worker(confinement=Confinement(on=False))
    try:
        environment = await asyncio.to_thread(Path(f"/proc/{worker.pid}/environ").read_bytes)
    finally:
        await worker.stop()

    assert b"secret" not in environment.lower()
    assert b"SAFELIGHT" not in environment


def _living() -> list[int]:
    """Processes that exist and are not merely waiting to be reaped."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                # A process whose first thread has ended may still be held open by another.
                threads = [path.read_text() for path in (folder / "task").glob("*/stat")]
            except OSError:
                continue
            if any(text.rpartition(")")[2].split()[0] != "Z" for text in threads):
                found.append(int(folder.name))
    return found
