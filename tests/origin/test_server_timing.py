"""Server-Timing: only where it is wanted, and never part of a result."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from origin.account import Account
from origin.server_timing import server_timing
from origin.stages import Stages
from tests.origin.live import CHROME, Origin, photo, signed
from tests.origin.variant_world import open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

_MEMBER = re.compile(r"[a-z]+;(?:dur=[0-9.]+|desc=[a-z_-]+)")


def members(field: str) -> dict[str, str]:
    assert all(_MEMBER.fullmatch(member) for member in field.split(", ")), field
    return dict(member.split(";") for member in field.split(", "))


async def test_nothing_is_told_unless_it_is_wanted(opened: Origin) -> None:
    source = opened.put(photo())

    made = await opened.get(f"/w:20/plain/{source}", {"accept": CHROME})

    assert made.status_code == 200
    assert "server-timing" not in made.headers


async def test_a_render_tells_its_stages_and_a_hit_where_it_was(opened: Origin) -> None:
    origin = opened.having(server_timing=True)
    path = f"/w:21/plain/{origin.put(photo())}"

    made = members((await origin.get(path)).headers["server-timing"])
    hit = members((await origin.get(path)).headers["server-timing"])

    assert made["cache"] == "desc=made"
    assert made.keys() >= {"look", "fetch", "queue", "decode", "process", "encode", "store"}
    parts = sum(float(made[name][4:]) for name in made if name not in ("cache", "total"))
    assert parts <= float(made["total"][4:]) + 5
    assert hit["cache"] == "desc=hit-memory"
    assert "fetch" not in hit


async def test_an_error_tells_what_it_took(opened: Origin) -> None:
    answer = await opened.having(server_timing=True).get("/w:20/plain/local:///none.jpg")

    assert answer.status_code == 404
    assert members(answer.headers["server-timing"]).keys() >= {"version", "total"}


async def test_the_fast_path_tells_the_same_outcome(opened: Origin, tmp_path: Path) -> None:
    services = opened.having(server_timing=True).services
    async with open_world(services, tmp_path, server_timing=True) as world:
        world.put("local:///a/cat.jpg")
        scope = world.scope(signed("/w:20/plain/local:///a/cat.jpg"))
        made = await world.ask_slow(scope)

        hit = world.ask_hot(scope)
        tag = ("if-none-match", made.headers["etag"])
        same = world.ask_hot(world.scope(signed("/w:20/plain/local:///a/cat.jpg"), [tag]))

    assert hit is not None
    assert same is not None
    assert hit.headers["server-timing"] == "cache;desc=hit-memory"
    assert (same.status, same.headers["server-timing"]) == (304, "cache;desc=not_modified")


async def test_the_field_is_made_of_tokens_and_numbers() -> None:
    account = Account(Stages(), "hit", "disk", "webp")
    account.stages.add("look", 1.0, 1.0125)

    assert (
        server_timing(account, seconds=0.5)
        == "cache;desc=hit-disk, look;dur=12.5, total;dur=500.00"
    )
