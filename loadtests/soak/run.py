"""One soak: fill, warm up, measure, come to rest, and say whether anything was left behind."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from loadtests.bench.client import drive, get
from loadtests.soak.samples import Sample, sample
from loadtests.soak.verdict import Trend, problems, trends
from loadtests.soak.visitors import Visitors, open_client
from loadtests.soak.vitals import opened
from loadtests.soak.world import World

WARM_UP = 0.25
"""Of all the time: until tiers, pools and allocators have what they keep."""
_AT_ONCE = 6
# The server remembers as many URLs, and what it answered to them, as fit into 64 MB.
_URLS = 11_000
# Of some 60 kB: more than the tier in memory holds.
_LARGE = 600
# Sources are kept for ten seconds, connections to S3 for twelve.
_REST_SECONDS = 40.0
_STORES_AT_REST = ("Redis",)


@dataclass(frozen=True, slots=True)
class Outcome:
    """statuses: how often each came of each kind of request."""

    samples: list[Sample]
    trends: dict[str, Trend]
    statuses: Counter[str]
    problems: list[str]


async def soak(
    world: World, *, seconds: float, every: float, tell: Callable[[str], None], fill: bool
) -> Outcome:
    """every: seconds between samples. fill: whether memory that has bounds is filled before, which
    takes some seconds. What fills is no leak, but looks like one.
    """
    at_rest = _held(world)
    if fill:
        tell("filling")
        await _fill(world)
    samples: list[Sample] = []
    began = time.monotonic()
    async with open_client(world) as client:
        visitors = Visitors(world, client, Random(1))
        async with asyncio.TaskGroup() as tasks:
            for _ in range(_AT_ONCE):
                tasks.create_task(_visit(visitors, until=began + seconds))
            while time.monotonic() < began + seconds:
                await asyncio.sleep(every)
                requests = visitors.statuses.total()
                samples.append(sample(world.pid, began=began, requests=requests))
                tell(_progress(samples[-1], seconds))
    tell("coming to rest")
    left = await _left_open(world, at_rest)
    found = trends(samples, warm_up=WARM_UP * seconds)
    wrong = [*problems(found, busy=visitors.busy), *visitors.faults, *_logged(world)]
    if left:
        wrong.append(f"expected the descriptors of the start, got {left} as well")
    return Outcome(samples, found, visitors.statuses, wrong)


async def _visit(visitors: Visitors, *, until: float) -> None:
    while time.monotonic() < until:
        await visitors.one_visit()


async def _fill(world: World) -> None:
    """What is kept in memory is full afterwards: the tier, and what is remembered of URLs."""
    source = f"plain/local:///{next(iter(world.sources.photographs))}"
    large = [
        get(world.signed(f"/rs:force:{600 + more}:600/{source}@jpg")) for more in range(_LARGE)
    ]
    await drive(world.port, large, connections=4)
    # A header makes URLs of one result differ. The second time they are answered at once.
    path = world.signed(f"/w:20/{source}@png")
    requests = [get(path, Accept=f"image/*;v={number}") for number in range(_URLS)]
    for _ in range(2):
        await drive(world.port, requests, connections=8)


async def _left_open(world: World, at_rest: Counter[str]) -> dict[str, int]:
    """Descriptors that were not open at the start, given time to be closed."""
    end = time.monotonic() + _REST_SECONDS
    while (more := _held(world) - at_rest) and time.monotonic() < end:  # noqa: ASYNC110
        await asyncio.sleep(0.5)
    return dict(more)


def _held(world: World) -> Counter[str]:
    """Without connections to stores that pools keep for good."""
    found = Counter(opened(world.pid, world.stores))
    for store in _STORES_AT_REST:
        del found[store]
    return found


def _logged(world: World) -> list[str]:
    """Errors in the log that are no answers."""
    wrong = []
    for line in world.log.read_text().splitlines():
        event = json.loads(line) if line.startswith("{") else {"event": line, "level": "error"}
        if event.get("level") in ("error", "critical") and event["event"] != "request":
            wrong.append(f"log: {event['event'].strip()[:200]}")
    return list(dict.fromkeys(wrong))[:10]


def _progress(last: Sample, seconds: float) -> str:
    return (
        f"{last.second:.0f} of {seconds:.0f} s, {last.requests} requests; server"
        f" {last.rss:.0f} MB, {last.descriptors} descriptors, {last.threads} threads;"
        f" {last.workers} workers {last.workers_rss:.0f} MB"
    )
