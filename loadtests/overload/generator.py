"""An open-loop generator: requests come when they are due, whether or not others were answered.

A closed loop waits for the server and so spares it just when it is slow. Here latency counts from
when a request was due, so that one that was sent late has waited. What could not be sent, because
too many are under way, is counted.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from loadtests.overload.connections import Connections, NoneFree


@dataclass(frozen=True, slots=True, order=True)
class Arrival:
    """at: seconds after the start."""

    at: float
    kind: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an arrival. status: 0 if no answer came, -1 if it could not be sent.

    at: when it was due. late: seconds until it was sent; seconds: until it was answered.
    """

    kind: str
    at: float
    late: float
    seconds: float
    status: int
    shed: bool = False
    error: str = ""

    @property
    def done_at(self) -> float:
        return self.at + self.seconds


UNSENT = -1


def evenly(kind: str, requests: Iterable[bytes], *, rate: float) -> Iterator[Arrival]:
    """One after the other, `rate` a second."""
    for number, request in enumerate(requests):
        yield Arrival(number / rate, kind, request)


def at_random(
    kind: str, requests: Iterable[bytes], *, rate: float, seed: int = 0
) -> Iterator[Arrival]:
    """As people come who know nothing of each other: a Poisson process."""
    chance, at = random.Random(seed), 0.0
    for request in requests:
        at += chance.expovariate(rate)
        yield Arrival(at, kind, request)


async def send(
    connections: Connections, *streams: Iterator[Arrival], seconds: float
) -> list[Answer]:
    """Whatever is due within so many seconds, and how it was answered."""
    loop = asyncio.get_running_loop()
    answers: list[Answer] = []
    under_way: set[asyncio.Task[None]] = set()
    start = loop.time()

    async def ask(arrival: Arrival) -> None:
        late = loop.time() - start - arrival.at
        try:
            reply = await connections.ask(arrival.request)
        except NoneFree:
            answers.append(Answer(arrival.kind, arrival.at, late, late, UNSENT))
            return
        took = loop.time() - start - arrival.at
        answers.append(
            Answer(arrival.kind, arrival.at, late, took, reply.status, reply.shed, reply.error)
        )

    due = itertools.takewhile(lambda arrival: arrival.at < seconds, heapq.merge(*streams))
    for arrival in due:
        pause = start + arrival.at - loop.time()
        if pause > 0:
            await asyncio.sleep(pause)
        task = asyncio.create_task(ask(arrival))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.sleep(max(0.0, start + seconds - loop.time()))
    while under_way:
        await asyncio.wait(under_way)
    return answers
