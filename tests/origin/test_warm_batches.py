from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from origin.admin import make_admin
from origin.cli.admin_client import AdminRefused, open_admin
from origin.cli.warm_batches import Batches, ServerLost
from origin.cli.warm_journal import open_journal
from origin.cli.warm_progress import Lines, Tally
from origin.warming import WarmResult
from tests.origin.admin_server import Oven, serving

PATHS = [f"/w:300/plain/local:///{number}.jpg" for number in range(12)]


def send(app: Starlette, pauses: list[float], *, size: int = 5, paths: list[str] = PATHS) -> Tally:
    """Sends the paths to a server that is this application."""
    tally = Tally(len(paths))
    with (
        serving(app) as served,
        open_admin(served.url) as port,
        open_journal(Path("journal"), restart=False) as journal,
    ):
        Batches(port, journal, tally, Lines(), sleep=pauses.append).send(paths, size=size)
    return tally


def journal() -> list[str]:
    return Path("journal").read_text().splitlines()[1:]


@pytest.fixture(autouse=True)
def folder(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    environment.chdir(tmp_path)


def test_paths_go_in_batches_and_are_written_down_when_all_their_formats_are_there() -> None:
    oven = Oven()

    tally = send(make_admin(lambda: True, warm=oven.warm), [])

    assert oven.batches == [5, 5, 2]
    assert (tally.done, tally.made, tally.hits, tally.failed) == (12, 36, 0, 0)
    assert sorted(journal()) == sorted(PATHS)


def test_long_paths_make_smaller_batches() -> None:
    oven = Oven()
    paths = [f"/w:300/plain/local:///{number}/{'x' * 30_000}" for number in range(150)]

    send(make_admin(lambda: True, warm=oven.warm), [], size=1000, paths=paths)

    assert len(oven.batches) == 2
    assert sum(oven.batches) == 150


def test_after_an_answer_that_broke_off_only_the_rest_is_asked_for_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    oven = Oven()
    pauses: list[float] = []

    async def breaking(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        breaks = not oven.batches
        async with contextlib.aclosing(oven.warm(paths)) as results:
            count = 0
            async for result in results:
                yield result
                count += 1
                if breaks and count == 8:
                    await asyncio.sleep(0.1)  # what was sent arrives
                    raise RuntimeError("struck by lightning")

    tally = send(make_admin(lambda: True, warm=breaking), pauses, size=12)

    assert tally.done == 12
    assert len(oven.batches) == 2
    assert 1 <= 12 - oven.batches[1] <= 2
    assert pauses == [1]
    assert "broke off" in capsys.readouterr().err
    assert sorted(journal()) == sorted(PATHS)


def test_an_answer_that_ends_early_is_no_success() -> None:
    pauses: list[float] = []

    async def nothing(_paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        return
        yield

    with pytest.raises(ServerLost, match="ended its answer early"):
        send(make_admin(lambda: True, warm=nothing), pauses)

    assert pauses == [1, 2, 4, 8, 16]
    assert journal() == []


def test_a_server_that_is_not_ready_is_waited_for() -> None:
    pauses: list[float] = []
    oven = Oven()

    tally = send(make_admin(lambda: len(pauses) > 2, warm=oven.warm), pauses)

    assert tally.done == 12
    assert pauses[:3] == [1, 2, 4]


def test_pauses_begin_anew_when_something_was_settled() -> None:
    pauses: list[float] = []
    oven = Oven()

    async def one(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        async with contextlib.aclosing(oven.warm(paths[:1])) as results:
            async for result in results:
                yield result

    tally = send(make_admin(lambda: True, warm=one), pauses, size=12)

    assert tally.done == 12
    assert pauses == [1] * 11


@pytest.mark.parametrize("body", ["<html>", '["a"]', '{"path": []}', '{"path": "/a", "of": "3"}'])
def test_an_answer_of_something_else_is_not_asked_for_again(body: str) -> None:
    pauses: list[float] = []

    async def answer(_request: Request) -> Response:
        return PlainTextResponse(body)

    with pytest.raises(AdminRefused, match="same version"):
        send(Starlette(routes=[Route("/warm", answer, methods=["POST"])]), pauses)

    assert not pauses


def test_a_line_without_end_takes_no_room_without_end() -> None:
    async def answer(_request: Request) -> Response:
        return PlainTextResponse("x" * 5_000_000)

    with pytest.raises(AdminRefused, match="same version"):
        send(Starlette(routes=[Route("/warm", answer, methods=["POST"])]), [])
