"""Requests that nobody waits for: the client has left, or the deadline is over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from starlette.types import Receive

from origin.errors import ClientGone, Deadline

T = TypeVar("T")


async def while_awaited(receive: Receive, work: Callable[[], Awaitable[T]], *, seconds: float) -> T:
    """The result of the work, which is cancelled when its time is over, Deadline, or when the
    client closes the connection, ClientGone: uvicorn does not cancel applications for that.
    """
    gone = False

    async def watch() -> None:
        nonlocal gone
        await _departure(receive)
        gone = True
        limit.reschedule(asyncio.get_running_loop().time())

    try:
        async with asyncio.timeout(seconds) as limit:
            watcher = asyncio.create_task(watch())
            try:
                return await work()
            finally:
                watcher.cancel()
    except TimeoutError as error:
        if gone:
            raise ClientGone("the client closed the connection") from None
        raise Deadline(f"not done within {seconds:g} s (SAFELIGHT_TIMEOUT)") from error


async def _departure(receive: Receive) -> None:
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        message = await receive()
    if message["type"] != "http.disconnect":
        # Not a server that tells: the deadline is all there is.
        await asyncio.Event().wait()
