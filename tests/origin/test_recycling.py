"""Workers that have worked enough are renewed, and nobody who asks notices."""

from __future__ import annotations

import asyncio
import os

import pytest
import pyvips

from origin.picture_file import PictureFile, sealed_picture
from origin.recycling import Span, Wear, resident_bytes
from origin.workers import open_workers
from tests.origin.live import until
from tests.pictures import planned
from transforms.limits import Limits

MB = 1 << 20
SMALL = planned("w:20@webp")


@pytest.fixture(scope="module")
def noise() -> PictureFile:
    image = pyvips.Image.gaussnoise(900, 900, mean=128, sigma=50).cast("uchar")
    return sealed_picture(image.pngsave_buffer(compression=1))


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(("chance", "jobs"), [(0.0, 90), (0.5, 100), (1.0, 110)])
def test_a_worker_is_due_after_its_jobs_give_or_take_a_tenth(chance: float, jobs: int) -> None:
    wear = Wear(Span(jobs=100, max_rss=0), 1, chance=lambda: chance)

    reasons = [wear.after_job() for _ in range(jobs)]

    assert not any(reasons[:-1])
    assert reasons[-1] == f"{jobs} jobs"


def test_zeros_mean_for_ever() -> None:
    wear = Wear(Span(jobs=0, max_rss=0), os.getpid(), clock=Clock())

    assert not any(wear.after_job() for _ in range(50_000))


def test_a_worker_is_due_when_it_is_too_large_as_seen_once_a_second() -> None:
    clock, sizes = Clock(), [400 * MB, 600 * MB]
    wear = Wear(Span(max_rss=512 * MB), 1, clock=clock, rss=lambda _pid: sizes.pop(0))

    assert [wear.after_job() for _ in range(5)] == [""] * 5
    assert len(sizes) == 2
    clock.now += 1
    assert [wear.after_job() for _ in range(5)] == [""] * 5
    assert len(sizes) == 1
    clock.now += 1
    assert wear.after_job() == "600 MB resident"


def test_the_kernel_tells_how_large_a_process_is() -> None:
    before = resident_bytes(os.getpid())
    ballast = bytearray(os.urandom(50 * MB))

    assert resident_bytes(os.getpid()) > before + 40 * MB
    assert len(ballast) == 50 * MB


def test_a_process_that_is_gone_has_no_size() -> None:
    assert resident_bytes(2**22 + 1) == 0


async def test_no_request_notices_that_workers_are_renewed(noise: PictureFile) -> None:
    seen: set[int] = set()
    counts: list[int] = []

    async with open_workers(2, Limits(), span=Span(jobs=5)) as workers:

        def look() -> None:
            seen.update(workers.pids)
            counts.append(len(workers.pids))

        made = await asyncio.gather(
            *(workers.render(SMALL, noise, {}, started=look) for _ in range(100))
        )
        await until(lambda: len(workers.pids) == 2 and not workers.facts()["busy"])

    assert {one.width for one in made} == {20}
    assert len(seen) >= 4
    # One is renewed at a time, and the others are enough meanwhile.
    assert set(counts) <= {2, 3, 4}
    assert workers.recycled >= 2


async def test_a_worker_that_is_due_finishes_what_it_does(noise: PictureFile) -> None:
    async with open_workers(1, Limits(), span=Span(jobs=1)) as workers:
        (old,) = workers.pids
        await workers.render(SMALL, noise, {})

        # It is at this while its successor starts, and goes on when that one has work.
        slow = asyncio.create_task(workers.render(planned("q:100@avif"), noise, {}))
        await until(lambda: set(workers.pids) > {old})
        assert (await workers.render(SMALL, noise, {})).width == 20

        assert (await slow).width == 900
        await until(lambda: old not in workers.pids)


async def test_a_worker_that_is_too_large_is_renewed(noise: PictureFile) -> None:
    async with open_workers(1, Limits(), span=Span(max_rss=MB)) as workers:
        pids = workers.pids

        async with asyncio.timeout(30):
            while workers.pids == pids:
                assert (await workers.render(SMALL, noise, {})).width == 20
        await until(lambda: len(workers.pids) == 1)

    assert not set(pids) & set(workers.pids)


async def test_closing_while_a_worker_is_renewed_leaves_no_process(noise: PictureFile) -> None:
    async with open_workers(2, Limits(), span=Span(jobs=1)) as workers:
        await asyncio.gather(*(workers.render(SMALL, noise, {}) for _ in range(3)))
        pids = workers.pids

    assert not workers.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
