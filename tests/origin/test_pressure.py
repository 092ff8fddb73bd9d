"""Work that takes too long, dies, or is too much: one request pays, the server goes on."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.origin.live import Origin, noise, photo, until, until_busy

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return noise()


async def worker(opened: Origin) -> int:
    """The process of the one worker, once it is there."""
    await until(lambda: len(opened.services.workers.pids) == 1)
    return opened.services.workers.pids[0]


def ended(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


async def test_work_beyond_the_deadline_is_ended_with_its_process(
    opened: Origin, slow: bytes
) -> None:
    source, pid = opened.put(slow), await worker(opened)

    late = await opened.having(timeout=0.7).get(f"/q:90/plain/{source}@avif")

    assert (late.status_code, late.headers["x-safelight-error"]) == (504, "deadline")
    assert late.headers["cache-control"] == "no-store"
    await until(lambda: ended(pid))
    assert (await opened.get(f"/w:20/plain/{opened.put(photo())}")).status_code == 200
    assert await worker(opened) != pid


async def test_a_process_that_dies_of_a_picture_costs_that_request_alone(
    opened: Origin, slow: bytes
) -> None:
    source, pid = opened.put(slow), await worker(opened)
    doomed = asyncio.create_task(opened.get(f"/q:90/plain/{source}@avif"))
    await until_busy(pid)

    os.kill(pid, signal.SIGKILL)
    after = await opened.get(f"/w:20/plain/{opened.put(photo())}")

    assert after.status_code == 200
    answer = await doomed
    assert (answer.status_code, answer.headers["x-safelight-error"]) == (422, "worker_crashed")


async def test_more_than_can_wait_is_turned_away_at_once(opened: Origin, slow: bytes) -> None:
    source, pid = opened.put(slow), await worker(opened)
    small = opened.put(photo())
    blocker = asyncio.create_task(opened.get(f"/q:90/plain/{source}@avif"))
    await until_busy(pid)

    waiting = [
        asyncio.create_task(opened.get(f"/w:20/cb:{n}/plain/{small}@png")) for n in range(300)
    ]
    done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    turned_away = done.pop().result()
    blocker.cancel()
    answers = await asyncio.gather(*waiting)

    assert (turned_away.status_code, turned_away.headers["x-safelight-error"]) == (
        503,
        "overloaded",
    )
    assert int(turned_away.headers["retry-after"]) >= 1
    assert turned_away.headers["cache-control"] == "no-store"
    assert {answer.status_code for answer in answers} == {200, 503}
