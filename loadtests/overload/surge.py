"""A server at many times what it can do, and afterwards; hits and 304s go on all the time.

capacity   closed loop: as much as it can do
before     a third of that, evenly: how long a picture takes when there is no queue
overload   many times its capacity, at random
after      a third again, until all is as before
capacity   once more: a machine that others share is not as fast at the end as it was at first
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadtests.overload.connections import Connections
from loadtests.overload.generator import Answer, Arrival, at_random, evenly, send
from loadtests.overload.traffic import COLD, HIT, UNCHANGED, UNSEEN, Traffic

_HITS_A_SECOND = 100.0
_UNCHANGED_A_SECOND = 50.0
_UNSEEN_A_SECOND = 5.0
_LIGHT = 1 / 3
_MOST_CONNECTIONS = 4096


@dataclass(frozen=True, slots=True)
class Load:
    """Seconds of each phase; times: of the capacity."""

    seconds: float
    times: float
    capacity_seconds: float = 10.0
    before_seconds: float = 6.0
    after_seconds: float = 13.0


@dataclass(frozen=True, slots=True)
class Capacity:
    """New pictures a second, and what the server and its workers used for each of them."""

    rate: float
    cpu_seconds: float


@dataclass(frozen=True, slots=True)
class Surge:
    """What was asked and answered. capacities: before and after.

    cpu_seconds: that the server and its workers used during the overload.
    """

    load: Load
    capacities: tuple[Capacity, Capacity]
    cpu_seconds: float
    before: list[Answer]
    during: list[Answer]
    after: list[Answer]


async def surge(
    port: int,
    traffic: Traffic,
    load: Load,
    *,
    workers: int,
    cpu_seconds: Callable[[], float],
    say: Callable[[str], None],
) -> Surge:
    """cpu_seconds: that the server has used up to now."""
    connections = Connections(port, most=_MOST_CONNECTIONS)

    async def capacity(name: str) -> Capacity:
        start, seconds = cpu_seconds(), load.capacity_seconds
        requests = traffic.cold(f"capacity-{name}")
        pictures = await _closed_loop(connections, traffic, requests, 1 + seconds, workers)
        spent = (cpu_seconds() - start) / max(1, len(pictures))
        # The first second has to fill the queue.
        return Capacity(sum(at >= 1 for at in pictures) / seconds, spent)

    # A pause of this process would count as one of the server.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        say(f"capacity: closed loop, {load.capacity_seconds:g} s")
        first = await capacity("first")
        say(f"before: {first.rate * _LIGHT:.1f} a second, {load.before_seconds:g} s")
        before = await _light(connections, traffic, "before", first.rate, load.before_seconds)
        rate = load.times * first.rate
        say(f"overload: {rate:.0f} a second, {load.seconds:g} s")
        start = cpu_seconds()
        flood = asyncio.create_task(
            send(
                connections,
                at_random(COLD, traffic.cold("during"), rate=rate, seed=1),
                at_random(UNSEEN, traffic.unseen("during"), rate=_UNSEEN_A_SECOND, seed=2),
                *_background(traffic),
                seconds=load.seconds,
            )
        )
        await asyncio.sleep(load.seconds)
        during_cpu_seconds = cpu_seconds() - start
        say(f"after: {first.rate * _LIGHT:.1f} a second, {load.after_seconds:g} s")
        after = await _light(connections, traffic, "after", first.rate, load.after_seconds)
        during = await flood
        say(f"capacity again: closed loop, {load.capacity_seconds:g} s")
        last = await capacity("last")
        return Surge(load, (first, last), during_cpu_seconds, before, during, after)
    finally:
        gc.enable()
        gc.unfreeze()
        connections.close()


async def _closed_loop(
    connections: Connections,
    traffic: Traffic,
    requests: Iterator[bytes],
    seconds: float,
    workers: int,
) -> list[float]:
    """When each new picture came, with always some that wait."""
    loop = asyncio.get_running_loop()
    start, done = loop.time(), list[float]()

    async def visit() -> None:
        while loop.time() - start < seconds:
            reply = await connections.ask(next(requests))
            if reply.status != 200:
                raise RuntimeError(f"expected 200 of a server with little to do, got {reply}")
            done.append(loop.time() - start)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(4 * workers):
            tasks.create_task(visit())
        tasks.create_task(send(connections, *_background(traffic), seconds=seconds))
    return [at for at in done if at < seconds]


async def _light(
    connections: Connections, traffic: Traffic, name: str, capacity: float, seconds: float
) -> list[Answer]:
    cold = evenly(COLD, traffic.cold(name), rate=capacity * _LIGHT)
    return await send(connections, cold, *_background(traffic), seconds=seconds)


def _background(traffic: Traffic) -> Iterator[Iterator[Arrival]]:
    yield at_random(HIT, traffic.hits(), rate=_HITS_A_SECOND, seed=3)
    yield at_random(UNCHANGED, traffic.unchanged(), rate=_UNCHANGED_A_SECOND, seed=4)
