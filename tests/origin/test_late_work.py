"""Work that took longer than was foreseen: what waits behind it, and what is learned of it."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from origin.errors import Overloaded
from origin.picture_file import sealed_picture
from origin.workers import open_workers
from tests.origin.live import Origin, noise, photo, until
from transforms.dialects.imgproxy import Imgproxy
from transforms.limits import Limits


async def test_work_that_would_begin_too_late_is_not_begun() -> None:
    slow = Imgproxy().parse(b"/q:100/f:avif/plain/local:///x")
    quick = Imgproxy().parse(b"/w:20/f:png/plain/local:///x")
    picture, small = sealed_picture(noise()), sealed_picture(photo())
    async with open_workers(1, Limits()) as workers:
        blocker = asyncio.create_task(workers.render(slow, picture, {}))
        await until(lambda: workers.begun == 1)
        now = asyncio.get_running_loop().time()
        late = asyncio.create_task(workers.render(quick, small, {}, begin_by=now + 0.01))
        in_time = asyncio.create_task(workers.render(quick, small, {}, begin_by=now + 60))
        await asyncio.sleep(0.05)

        blocker.cancel()

        with pytest.raises(Overloaded):
            await late
        assert (await in_time).width == 20
        assert workers.begun == 2


@pytest.mark.asyncio(loop_scope="session")
async def test_work_that_had_to_be_ended_is_foreseen_to_take_longer_from_then_on(
    opened: Origin,
) -> None:
    workers, costs = opened.services.workers, opened.services.variants.renderer.admission.costs
    plan = Imgproxy().parse(b"/rs:force:900:900/f:tiff/plain/local:///x")
    before = costs.predict(plan, 1000).ms
    await until(lambda: len(workers.pids) == 1)
    os.kill(workers.pids[0], signal.SIGSTOP)

    late = await opened.having(timeout=1).get(f"/rs:force:900:900/plain/{opened.put(photo())}@tiff")

    assert late.status_code == 504
    await until(lambda: costs.predict(plan, 1000).ms > 1.2 * before)
