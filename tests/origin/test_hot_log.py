"""What the log tells of the fast path."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.origin.live import Origin, signed
from tests.origin.variant_world import open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

CAT = "local:///a/cat.jpg"
PATH = f"/w:20/plain/{CAT}"


@pytest.fixture(autouse=True)
def slow_lines() -> Iterator[io.StringIO]:
    """The log of the slow way, as the server writes it."""
    before, stream = structlog.get_config(), io.StringIO()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=stream),
    )
    yield stream
    structlog.configure(**before)


async def test_lines_of_both_ways_look_alike_and_tell_no_signature(
    opened: Origin, tmp_path: Path, slow_lines: io.StringIO
) -> None:
    async with open_world(opened.services, tmp_path) as world:
        world.put(CAT)
        scope = world.scope(signed(PATH), [("x-request-id", "mine-1")])
        await world.ask_slow(scope)
        await world.ask_slow(scope)

        world.ask_hot(scope)
        world.ask_hot(world.scope(signed(PATH), [("x-request-id", 'no"quote')]))
        world.log.flush()
        lines = world.lines.getvalue()

    made, slow = map(json.loads, slow_lines.getvalue().splitlines())
    fast, strange = map(json.loads, lines.splitlines())
    assert fast.pop("fast") is True
    assert fast.keys() == slow.keys()
    assert isinstance(fast["ms"], float)
    assert re.sub(r"\d", "0", fast["timestamp"]) == re.sub(r"\d", "0", slow["timestamp"])
    for name in slow.keys() - {"ms", "timestamp"}:
        assert fast[name] == slow[name]
    assert (made["outcome"], slow["outcome"], slow["tier"]) == ("made", "hit", "memory")
    assert made["stages"].keys() >= {"look", "fetch", "store"}
    assert strange["request_id"] not in ("mine-1", 'no"quote')
    signature = signed(PATH)[1:44]
    assert signature not in lines + slow_lines.getvalue()
