"""Make results before anyone asks for them: each path in every format that browsers will want."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import structlog

from origin.errors import answer_to
from transforms.formats import Format
from transforms.plan import Plan

log = structlog.get_logger("safelight")

Offer = tuple[Format, ...]
"""The formats that a client names, its favourite first."""


@dataclass(frozen=True, slots=True)
class Warmed:
    """A result that the cache holds now. hit: it did before. bytes: its size."""

    status: Literal["hit", "made"]
    bytes: int


@dataclass(frozen=True, slots=True)
class WarmResult:
    """What came of one path for one offer.

    formats: the offer, or the format that the path names. of: how many results its path has.
    error: the code that X-Safelight-Error would hold. message: what a client would read.
    """

    path: str
    formats: tuple[str, ...]
    of: int
    status: Literal["hit", "made", "failed"]
    bytes: int
    ms: float
    error: str | None = None
    message: str | None = None


def to_json(result: WarmResult) -> dict[str, Any]:
    """An object with a member for each field."""
    return asdict(result)


def offers_of(auto_formats: Sequence[str]) -> tuple[Offer, ...]:
    """What browsers offer of these formats.

    All of them, or none of the newest: a browser that reads AVIF reads WebP as well.
    """
    formats = tuple(Format(name) for name in auto_formats)
    return tuple(formats[at:] for at in range(len(formats) + 1))


async def warm(
    paths: Sequence[bytes],
    *,
    read: Callable[[bytes], Plan],
    offers: Sequence[Offer],
    make: Callable[[Plan], Awaitable[Warmed]],
    at_once: int,
    clock: Callable[[], float] = time.perf_counter,
) -> AsyncGenerator[WarmResult, None]:
    """Yields results as they finish, `at_once` of them in the making at most.

    What cannot be read or made is a failed result. Closing the generator cancels what is running:
    use `contextlib.aclosing`.
    """
    if at_once < 1:
        raise ValueError(f"at_once: expected 1 or more, got {at_once}")
    # No TaskGroup: whoever closes a generator may be another task than the one that ran it.
    running: set[asyncio.Task[WarmResult]] = set()
    try:
        for path in paths:
            try:
                variants = _variants(read(path), offers)
            except Exception as error:
                yield _failed(path, (), 1, 0.0, error)
                await asyncio.sleep(0)  # a list of nothing but junk must not hold the loop
                continue
            for variant in variants:
                if len(running) >= at_once:
                    done, running = await _some(running)
                    for task in done:
                        yield task.result()
                running.add(asyncio.create_task(_result(path, variant, len(variants), make, clock)))
        while running:
            done, running = await _some(running)
            for task in done:
                yield task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _some(
    running: set[asyncio.Task[WarmResult]],
) -> tuple[set[asyncio.Task[WarmResult]], set[asyncio.Task[WarmResult]]]:
    return await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)


def _variants(plan: Plan, offers: Sequence[Offer]) -> list[tuple[Plan, tuple[str, ...]]]:
    """The plans that clients come with, and the formats that each stands for."""
    if plan.negotiable:
        return [(plan.offering(offer), tuple(map(str, offer))) for offer in offers]
    named = plan.output.format
    return [(plan, (str(named),) if named else ())]


async def _result(
    path: bytes,
    variant: tuple[Plan, tuple[str, ...]],
    of: int,
    make: Callable[[Plan], Awaitable[Warmed]],
    clock: Callable[[], float],
) -> WarmResult:
    plan, formats = variant
    began = clock()
    try:
        warmed = await make(plan)
    except Exception as error:
        return _failed(path, formats, of, _ms(clock() - began), error)
    ms = _ms(clock() - began)
    return WarmResult(_decoded(path), formats, of, warmed.status, warmed.bytes, ms)


def _failed(
    path: bytes, formats: tuple[str, ...], of: int, ms: float, error: Exception
) -> WarmResult:
    answer = answer_to(error)
    if answer.status >= 500:
        log.warning("not warmed", path=_decoded(path), code=answer.code, error=repr(error)[:500])
    detail = " ".join(str(error).split()) if answer.detail else ""
    message = f"{answer.public}: {detail}" if detail else answer.public
    return WarmResult(_decoded(path), formats, of, "failed", 0, ms, answer.code, message)


def _decoded(path: bytes) -> str:
    return path.decode(errors="replace")


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
