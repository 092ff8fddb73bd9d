from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs

from origin.errors import Overloaded
from origin.warming import Warmed, WarmResult, offers_of, to_json, warm
from tests.origin.live import until
from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import BrokenSource
from transforms.formats import Format
from transforms.plan import Plan

OFFERS = offers_of(("avif", "webp"))
READ = Imgproxy().parse


async def made(plan: Plan) -> Warmed:
    return Warmed("made", len(plan.source))


def warming(
    *paths: bytes, make: Callable[[Plan], Awaitable[Warmed]] = made, at_once: int = 2
) -> AsyncGenerator[WarmResult, None]:
    return warm(paths, read=READ, offers=OFFERS, make=make, at_once=at_once)


async def results(came: AsyncGenerator[WarmResult, None]) -> list[WarmResult]:
    """All of them, by path and the more offered the earlier."""
    async with aclosing(came):
        found = [result async for result in came]
    return sorted(found, key=lambda result: (result.path, -len(result.formats)))


@pytest.mark.parametrize(
    ("auto", "offers"),
    [
        (("avif", "webp"), ((Format.AVIF, Format.WEBP), (Format.WEBP,), ())),
        (("webp", "avif"), ((Format.WEBP, Format.AVIF), (Format.AVIF,), ())),
        (("webp",), ((Format.WEBP,), ())),
        ((), ((),)),
    ],
)
def test_browsers_offer_all_formats_or_none_of_the_best(
    auto: tuple[str, ...], offers: tuple[tuple[Format, ...], ...]
) -> None:
    assert offers_of(auto) == offers


async def test_a_path_without_a_format_is_made_for_every_offer() -> None:
    plans: list[Plan] = []

    async def make(plan: Plan) -> Warmed:
        plans.append(plan)
        return Warmed("hit", 7)

    came = await results(warming(b"/w:300/plain/a", make=make))

    assert [(result.formats, result.of) for result in came] == [
        (("avif", "webp"), 3),
        (("webp",), 3),
        ((), 3),
    ]
    assert {plan.output.offers for plan in plans} == set(OFFERS)
    assert {(result.path, result.status, result.bytes) for result in came} == {
        ("/w:300/plain/a", "hit", 7)
    }


@pytest.mark.parametrize(
    ("path", "formats"), [(b"/plain/a@png", ("png",)), (b"/raw:1/plain/a", ())]
)
async def test_a_path_whose_answer_never_varies_is_made_once(
    path: bytes, formats: tuple[str, ...]
) -> None:
    (result,) = await results(warming(path))

    assert (result.formats, result.of, result.status) == (formats, 1, "made")


async def test_a_path_that_cannot_be_read_is_a_failed_result_and_not_the_end() -> None:
    *good, bad = await results(warming(b"/w:wide/plain/a", b"/plain/b@png", b"/plain/c@png"))

    assert (bad.status, bad.error, bad.of, bad.formats) == ("failed", "invalid_url", 1, ())
    assert bad.message
    assert "w" in bad.message
    assert [(result.path, result.status) for result in good] == [
        ("/plain/b@png", "made"),
        ("/plain/c@png", "made"),
    ]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BrokenSource("no end of image"), "source_broken"),
        (Overloaded("no room"), "overloaded"),
        (ZeroDivisionError("unforeseen"), "internal"),
    ],
)
async def test_what_cannot_be_made_is_a_failed_result_with_the_code_of_its_error(
    error: Exception, code: str
) -> None:
    async def make(plan: Plan) -> Warmed:
        if plan.source == "bad":
            raise error
        return await made(plan)

    with capture_logs() as logs:
        bad, good = await results(warming(b"/plain/bad@png", b"/plain/good@png", make=make))

    assert (bad.status, bad.error, bad.formats) == ("failed", code, ("png",))
    assert "unforeseen" not in str(bad.message)
    assert good.status == "made"
    assert bool(logs) == (code != "source_broken")


async def test_no_more_is_in_the_making_than_allowed() -> None:
    running, most = 0, 0

    async def make(plan: Plan) -> Warmed:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1
        return await made(plan)

    came = await results(warming(*[b"/plain/a"] * 10, make=make, at_once=4))

    assert (len(came), most) == (30, 4)


async def test_results_come_as_they_finish() -> None:
    gate = asyncio.Event()

    async def make(plan: Plan) -> Warmed:
        if plan.source == "slow":
            await gate.wait()
        return await made(plan)

    order = []
    async with aclosing(
        warming(b"/plain/slow@png", b"/plain/quick@png", b"/plain/last@png", make=make)
    ) as came:
        async for result in came:
            order.append(result.path)
            if result.path == "/plain/last@png":
                gate.set()

    assert order == ["/plain/quick@png", "/plain/last@png", "/plain/slow@png"]


async def test_what_is_in_the_making_is_cancelled_when_nobody_waits_for_it() -> None:
    started, cancelled = 0, 0

    async def make(plan: Plan) -> Warmed:
        nonlocal started, cancelled
        if plan.source == "quick":
            return await made(plan)
        started += 1
        try:
            await asyncio.Event().wait()
        finally:
            cancelled += 1
        raise AssertionError

    came = warming(b"/plain/quick@png", *[b"/plain/a@png"] * 9, make=make, at_once=3)
    async with aclosing(came):
        await anext(came)
        waiting = asyncio.create_task(anext(came, None))
        await until(lambda: started == 3)
        waiting.cancel()
        await asyncio.wait([waiting])

    assert (started, cancelled) == (3, 3)


async def test_nothing_comes_of_nothing() -> None:
    assert await results(warming()) == []


async def test_at_least_one_must_be_made_at_once() -> None:
    with pytest.raises(ValueError, match="at_once: expected 1 or more, got 0"):
        await results(warming(b"/plain/a", at_once=0))


async def test_a_result_is_a_line_of_json() -> None:
    (result,) = await results(warming(b"/plain/ab@png"))

    line: dict[str, Any] = to_json(result)

    assert line.pop("ms") >= 0
    assert line == {
        "path": "/plain/ab@png",
        "formats": ("png",),
        "of": 1,
        "status": "made",
        "error": None,
        "message": None,
        "bytes": 2,
    }
