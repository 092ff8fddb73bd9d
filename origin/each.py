"""The same work for several names at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import anyio

from origin.sources.errors import SourceError

T = TypeVar("T")


async def each(names: Sequence[str], work: Callable[[str], Awaitable[T]]) -> dict[str, T]:
    """Name -> result. The first source that fails is raised as itself."""
    if len(names) == 1:
        return {names[0]: await work(names[0])}
    found: dict[str, T] = {}

    async def one(name: str) -> None:
        found[name] = await work(name)

    try:
        async with anyio.create_task_group() as tasks:
            for name in dict.fromkeys(names):
                tasks.start_soon(one, name)
    except BaseExceptionGroup as group:
        # Those that failed for their source; anything else is raised as it is.
        failures, others = group.split(SourceError)
        if failures is None or others is not None:
            raise
        raise next(_leaves(failures)) from None
    return found


def _leaves(group: BaseExceptionGroup[SourceError]) -> Iterator[SourceError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
