"""Clients that leave before their answer is there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
from starlette.types import Receive

from origin.errors import ClientGone

T = TypeVar("T")


async def while_present(receive: Receive, work: Callable[[], Awaitable[T]]) -> T:
    """The result of the work, which is cancelled when the client closes the connection: ClientGone.

    uvicorn does not cancel an application whose client has left.
    """
    done: list[T] = []
    failure: list[Exception] = []
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            while (message := await receive()).get("more_body"):
                pass
            if message["type"] == "http.request":
                message = await receive()
            if message["type"] == "http.disconnect":
                tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            done.append(await work())
        except Exception as error:
            failure.append(error)
        tasks.cancel_scope.cancel()
    if failure:
        raise failure[0]
    if not done:
        raise ClientGone("the client closed the connection")
    return done[0]
