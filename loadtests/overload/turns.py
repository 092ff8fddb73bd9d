"""The same small pictures by turns: quietly, and beside something that should not matter to them.

Turns last seconds, so that a machine whose speed changes under its guests changes for all of them.
"""

from __future__ import annotations

import asyncio
import random
import statistics
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from loadtests.overload.connections import Connections
from loadtests.overload.figures import quantile
from loadtests.overload.generator import evenly, send

QUIET: Final = "quiet"
DISTURBED: Final = "disturbed"
_RATE: Final = 20.0
# What the turn before left behind is done by then.
_SETTLING_SECONDS: Final = 2.0
# As if it had come at the deadline: a refusal is quick, but no picture.
_REFUSED_SECONDS: Final = 10.0
# What people do who are told to come again: in about a second, and not all at the same moment.
_PAUSES: Final = 0.5, 1.5

Disturbance = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """seconds: of each answer, by turn, of every round. most: how many times as long the p99 may be
    as `against`.

    disturbing: what the disturbance was answered, by status.
    """

    title: str
    against: str
    most: float
    seconds: Mapping[str, list[list[float]]]
    disturbing: Mapping[int, int]

    def ms(self, turn: str, share: float) -> float:
        """The median of the rounds: what happened to the machine in one of them does not count."""
        return 1000 * statistics.median(quantile(one, share) for one in self.seconds[turn])

    def ratio(self, turn: str) -> float:
        """Of p99s: the median of the rounds, in each of which the turns are next to each other."""
        pairs = zip(self.seconds[turn], self.seconds[self.against], strict=True)
        return statistics.median(
            quantile(one, 0.99) / quantile(other, 0.99) for one, other in pairs
        )

    def misses(self) -> list[str]:
        ratio = self.ratio(DISTURBED)
        if ratio < self.most:
            return []
        return [f"{self.title}: the p99 is {ratio:.2f} times that of {self.against}"]


async def by_turns(
    port: int,
    requests: Iterator[bytes],
    turns: Mapping[str, Disturbance],
    *,
    rounds: int,
    seconds: float,
    say: Callable[[str], None],
) -> dict[str, list[list[float]]]:
    """How long each took, evenly asked for; a round more than that, the first, does not count."""
    found: dict[str, list[list[float]]] = {turn: [] for turn in turns}
    connections = Connections(port, most=1024)
    for count in range(rounds + 1):
        for turn, disturbance in turns.items():
            say(f"round {count} of {rounds}: {turn}")
            async with disturbance():
                probes = evenly(turn, requests, rate=_RATE)
                answers = await send(connections, probes, seconds=_SETTLING_SECONDS + seconds)
            if count:
                found[turn].append(
                    [
                        answer.seconds if answer.status == 200 else _REFUSED_SECONDS
                        for answer in answers
                        if answer.at >= _SETTLING_SECONDS
                    ]
                )
    connections.close()
    return found


@asynccontextmanager
async def nothing() -> AsyncIterator[None]:
    yield


@asynccontextmanager
async def clients(
    port: int, count: int, requests: Iterator[bytes], statuses: dict[int, int]
) -> AsyncIterator[None]:
    """Each sends the next request as soon as the last was answered, or a moment after a refusal."""
    connections = Connections(port, most=count)
    chance = random.Random(count)

    async def visit() -> None:
        for request in requests:
            reply = await connections.ask(request)
            statuses[reply.status] = statuses.get(reply.status, 0) + 1
            if reply.status != 200:
                await asyncio.sleep(chance.uniform(*_PAUSES))

    tasks = [asyncio.create_task(visit()) for _ in range(count)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connections.close()
