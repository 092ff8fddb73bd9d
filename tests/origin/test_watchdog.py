"""Work that stands still is noticed before anybody's patience ends, and begun anew."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import pytest
import pyvips
from structlog.testing import capture_logs

from origin.errors import Stalled
from origin.picture_file import PictureFile, sealed_picture
from origin.readiness import judge
from origin.watchdog import Watchdog, watching
from origin.workers import Workers, open_workers
from tests.origin.live import until
from tests.pictures import planned
from transforms.limits import Limits

SMALL, SLOW = planned("w:20@webp"), planned("q:100@avif")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def noise() -> PictureFile:
    image = pyvips.Image.gaussnoise(2600, 2600, sigma=80).cast("uchar")
    return sealed_picture(image.pngsave_buffer(compression=1))


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with open_workers(1, Limits()) as opened:
        yield opened


def look_on(watchdog: Watchdog, clock: Clock, seconds: float) -> None:
    """So many seconds pass, in which it looks as often as it does."""
    for _ in range(round(seconds / watchdog.interval)):
        clock.now += watchdog.interval
        watchdog.look()


async def test_workers_that_stand_still_are_replaced_and_those_who_wait_are_answered(
    noise: PictureFile,
) -> None:
    async with open_workers(2, Limits()) as workers, watching(workers, request_seconds=2) as dog:
        frozen = workers.pids
        for pid in frozen:
            os.kill(pid, signal.SIGSTOP)
        with capture_logs() as logs:
            made = await asyncio.gather(
                *(workers.render(SMALL, noise, {}) for _ in range(6)), return_exceptions=True
            )
        await until(lambda: len(workers.up) == 2)

        assert [type(one).__name__ for one in made] == ["Stalled"] * 2 + ["Encoded"] * 4
        assert not set(frozen) & set(workers.pids)
        assert (dog.stalls, dog.stalled) == (1, False)
        (told,) = [line for line in logs if line["event"] == "stalled"]
        assert [worker["State"] for worker in told["workers"]] == ["T (stopped)"] * 2
        assert "used no processor for" in told["workers"][0]["fault"]
        assert "workers.py" in told["stacks"]


async def test_it_is_not_ready_until_something_is_finished(
    workers: Workers, noise: PictureFile
) -> None:
    clock = Clock()
    watchdog = Watchdog(workers, request_seconds=10, clock=clock)
    os.kill(workers.pids[0], signal.SIGSTOP)
    first, second = (asyncio.create_task(workers.render(SMALL, noise, {})) for _ in range(2))
    await until(lambda: len(workers.at_work) == 1)

    look_on(watchdog, clock, 5)
    before = judge(workers, watchdog, serving=True, now=clock.now)
    look_on(watchdog, clock, 2)
    after = judge(workers, watchdog, serving=True, now=clock.now)
    await second

    assert not before.ailments
    assert any("stood still" in ailment for ailment in after.ailments)
    assert judge(workers, watchdog, serving=True, now=clock.now).ready
    with pytest.raises(Stalled, match="SAFELIGHT_TIMEOUT"):
        await first


async def test_a_job_without_a_deadline_ends_at_twice_that_of_a_request(
    workers: Workers, noise: PictureFile
) -> None:
    # Busy all the time, so that it is not taken for one that stands still.
    async with watching(workers, request_seconds=0.4) as watchdog:
        with pytest.raises(Stalled, match="at it for"):
            await workers.render(SLOW, noise, {})

        assert watchdog.stalls == 1
        assert (await workers.render(SMALL, noise, {})).width == 20


async def test_a_server_that_stood_still_itself_blames_nobody(
    workers: Workers, noise: PictureFile
) -> None:
    clock = Clock()
    watchdog = Watchdog(workers, request_seconds=10, clock=clock)
    (pid,) = workers.pids
    os.kill(pid, signal.SIGSTOP)
    work = asyncio.create_task(workers.render(SMALL, noise, {}))
    await until(lambda: len(workers.at_work) == 1)

    look_on(watchdog, clock, 4)
    clock.now += 3600
    watchdog.look()
    look_on(watchdog, clock, 4)
    os.kill(pid, signal.SIGCONT)

    assert (await work).width == 20
    assert watchdog.stalls == 0


async def test_that_nothing_is_finished_is_told_though_nobody_is_to_blame(
    noise: PictureFile,
) -> None:
    clock = Clock()
    nobody = Workers(1, Limits())
    watchdog = Watchdog(nobody, request_seconds=10, clock=clock)
    work = asyncio.create_task(nobody.render(SMALL, noise, {}))
    await until(lambda: nobody.waiting_since is not None)

    look_on(watchdog, clock, 30)
    before = watchdog.stalled
    look_on(watchdog, clock, 32)
    during = watchdog.stalled
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    look_on(watchdog, clock, 1)

    assert (before, during, watchdog.stalled) == (False, True, False)
    assert watchdog.stalls == 2


async def test_a_pool_without_work_does_not_stand_still(workers: Workers) -> None:
    clock = Clock()
    watchdog = Watchdog(workers, request_seconds=10, clock=clock)

    look_on(watchdog, clock, 1000)

    assert watchdog.stalls == 0
