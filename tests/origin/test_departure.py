"""Work ends by itself, or when nobody waits for its result any more."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message, Receive

from origin.departure import while_awaited
from origin.errors import ClientGone, Deadline

WHOLE: Message = {"type": "http.request", "body": b"", "more_body": False}
PART: Message = {"type": "http.request", "body": b"x", "more_body": True}
GONE: Message = {"type": "http.disconnect"}
# None of it is waited for.
LONG = 60.0


def client(*messages: Message, then: asyncio.Event | None = None) -> Receive:
    """Says this, and leaves `then` if it ever does."""
    left = list(messages)

    async def receive() -> Message:
        await asyncio.sleep(0)
        if not left:
            await (then or asyncio.Event()).wait()
        return left.pop(0) if left else GONE

    return receive


class Endless:
    """Work that ends when it is cancelled. unwinding: what it does then."""

    def __init__(self, unwinding: Callable[[], Any] = lambda: asyncio.sleep(0)) -> None:
        self.begun = asyncio.Event()
        self.cancelled = False
        self._unwinding = unwinding

    async def __call__(self) -> None:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            await self._unwinding()
            raise


class Undecodable(Exception):
    """What work may raise."""


async def awaited(receive: Receive, work: Callable[[], Any], *, seconds: float = LONG) -> Any:
    """`while_awaited`, which must not hang."""
    async with asyncio.timeout(10):
        return await while_awaited(receive, work, seconds=seconds)


def others() -> set[asyncio.Task[Any]]:
    return {task for task in asyncio.all_tasks() if task is not asyncio.current_task()}


@pytest.mark.parametrize("messages", [[], [WHOLE], [PART, PART, WHOLE], [PART]])
async def test_the_result_comes_to_a_client_that_stays(messages: list[Message]) -> None:
    async def work() -> str:
        await asyncio.sleep(0.05)
        return "pixels"

    assert await awaited(client(*messages), work) == "pixels"
    await asyncio.sleep(0)
    assert not others()


@pytest.mark.parametrize(
    "messages", [[GONE], [WHOLE, GONE], [PART, PART, WHOLE, GONE], [PART, GONE]]
)
async def test_work_for_a_client_that_leaves_is_cancelled(messages: list[Message]) -> None:
    work = Endless()

    with pytest.raises(ClientGone):
        await awaited(client(*messages), work)

    assert work.cancelled
    await asyncio.sleep(0)
    assert not others()


async def test_work_beyond_its_time_is_cancelled() -> None:
    work = Endless()

    with pytest.raises(Deadline, match=r"0\.05 s"):
        await awaited(client(WHOLE), work, seconds=0.05)

    assert work.cancelled
    await asyncio.sleep(0)
    assert not others()


async def test_a_result_that_is_there_at_once_is_given_to_a_client_that_leaves_at_once() -> None:
    async def work() -> str:
        return "pixels"

    assert await awaited(client(GONE), work) == "pixels"


async def test_a_result_that_was_made_in_spite_of_the_departure_is_given() -> None:
    async def stubborn() -> str:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "pixels"

    assert await awaited(client(GONE), stubborn) == "pixels"


@pytest.mark.parametrize("messages", [[], [WHOLE]])
async def test_an_error_is_raised_as_it_is(messages: list[Message]) -> None:
    error = Undecodable("cat")

    async def work() -> None:
        await asyncio.sleep(0.02)
        raise error

    with pytest.raises(Undecodable) as raised:
        await awaited(client(*messages), work)

    assert raised.value is error
    await asyncio.sleep(0)
    assert not others()


async def test_an_error_takes_what_the_work_held_along() -> None:
    class Picture:
        pass

    held: list[weakref.ref[Picture]] = []

    async def work() -> None:
        picture = Picture()
        held.append(weakref.ref(picture))
        raise Undecodable("cat")

    gc.collect()
    gc.disable()
    try:
        with pytest.raises(Undecodable):
            await while_awaited(client(WHOLE), work, seconds=LONG)
        await asyncio.sleep(0)
        lingering = held[0]()
    finally:
        gc.enable()

    assert lingering is None


async def test_who_is_cancelled_from_outside_is_cancelled() -> None:
    work = Endless()
    task = asyncio.create_task(awaited(client(WHOLE), work))
    await work.begun.wait()

    task.cancel()
    await asyncio.wait([task], timeout=10)

    assert (task.cancelled(), work.cancelled) == (True, True)
    await asyncio.sleep(0)
    assert not others()


async def test_a_client_that_leaves_while_late_work_unwinds_is_no_error() -> None:
    complaints: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, said: complaints.append(said))
    leaving = asyncio.Event()

    async def unwinding() -> None:
        leaving.set()
        await asyncio.sleep(0.05)

    with pytest.raises((Deadline, ClientGone)):
        await awaited(client(WHOLE, then=leaving), Endless(unwinding), seconds=0.02)
    gc.collect()

    assert complaints == []


async def test_the_deadline_holds_where_the_server_tells_no_departure() -> None:
    unknown: Message = {"type": "http.something"}

    with pytest.raises(Deadline):
        await awaited(client(unknown), Endless(), seconds=0.05)
