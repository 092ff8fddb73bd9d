"""What a server has in hand: slots, tasks, descriptors, workers. At rest that is always the same,
whatever was done to the server before.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from loadtests.soak.vitals import opened, vitals
from tests.system.crowd import ask
from tests.system.server import Server

PATIENCE = 60.0
"""Sources are kept for ten seconds after they were fetched, connections a little longer."""


@dataclass(frozen=True, slots=True)
class Held:
    """slots: what work takes and gives back at its end. descriptors: of the server, by what they
    are. workers: pid → how many descriptors. threads: kept for ever once there, so not compared.
    """

    slots: dict[str, float]
    tasks: int
    descriptors: dict[str, int]
    workers: dict[int, int]
    threads: int = field(compare=False)


async def held(server: Server, *, pooled: Collection[int] = ()) -> Held:
    """pooled: ports to which connections stay open until they are needed again: left out."""
    facts = json.loads((await ask(server.admin_port, "/cache")).body)
    descriptors = opened(server.process.pid, dict.fromkeys(pooled, "pooled"))
    descriptors.pop("pooled", None)
    workers = {pid: vitals(pid).descriptors for pid in server.workers}
    threads = vitals(server.process.pid).threads
    return Held(slots(facts), facts["tasks"], descriptors, workers, threads)


async def at_rest(server: Server, *, pooled: Collection[int] = ()) -> Held:
    """Once it does not change any more: what asked before may still be on its way out."""
    last, now = None, await held(server, pooled=pooled)
    async with asyncio.timeout(PATIENCE):
        while now != last:
            await asyncio.sleep(0.3)
            last, now = now, await held(server, pooled=pooled)
    return now


async def until_back(server: Server, start: Held, *, pooled: Collection[int] = ()) -> None:
    """Waits until it holds what it held at the start; fails with both."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while (now := await held(server, pooled=pooled)) != start:
        assert asyncio.get_running_loop().time() < end, f"expected {start},\ngot {now}"
        await asyncio.sleep(0.2)


def slots(facts: dict[str, Any]) -> dict[str, float]:
    """Of GET /cache, as far as any is taken; a source may not be known yet."""
    found = {name: facts["admission"][name] for name in ("cheap", "dear", "wait_s", "bytes")}
    found |= {name: facts["workers"][name] for name in ("count", "busy", "waiting")}
    found["flights"] = facts["flights"]["aloft"]
    for store, guard in facts["stores"].items():
        found |= {f"{store} {name}": guard[name] for name in ("in_use", "waiting")}
    return {name: number for name, number in found.items() if number}
