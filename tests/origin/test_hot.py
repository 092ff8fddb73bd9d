"""The fast path gives what the slow one would have given, or nothing."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from cache.key import source_name
from cache.purges import Scope as Kind
from origin.images import read
from tests.origin.live import CHROME, SAFARI, Origin, signed
from tests.origin.variant_oracle import MARK, MARKS
from tests.origin.variant_world import Answer, Fields, World, open_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

TTL = 60.0
CAT = "local:///a/cat.jpg"
PATH = f"/w:20/plain/{CAT}"
PATHS = (
    PATH,
    f"{PATH}@png",
    f"/pr:thumb/fn:K%C3%A4se/att:1/plain/{CAT}",
    f"/w:20/{''.join(MARKS)}/plain/{CAT}",
    "/w:20/raw:1/plain/local:///b/cat.jpg",
    "/w:20/cb:7/plain/local:///b/cat.jpg@webp",
)
ACCEPTS: tuple[Fields, ...] = (
    (),
    (("accept", ""),),
    (("accept", "*/*"),),
    (("accept", CHROME),),
    (("accept", SAFARI),),
    (("accept", "text/html"), ("accept", "image/webp"), ("accept", "*/*")),
)
ORIGINS: tuple[Fields, ...] = (
    (),
    (("origin", "https://a.example"),),
    (("origin", "HTTPS://B.example"),),
    (("origin", "https://evil.example"),),
    (("origin", "null"), ("origin", "https://a.example")),
    (("origin", "\xff"),),
)
VARYING = {"age", "x-request-id", "cache-status", "date"}


@pytest_asyncio.fixture(loop_scope="session")
async def world(opened: Origin, tmp_path: Path) -> AsyncIterator[World]:
    async with open_world(opened.services, tmp_path, ttl=TTL) as world:
        filled(world)
        yield world


def filled(world: World) -> World:
    for reference in (CAT, "local:///b/cat.jpg", MARK):
        world.put(reference)
    return world


def common(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in VARYING}


async def hot(world: World, path: str = PATH, fields: Fields = ()) -> Answer:
    """The fast answer to what was asked for before."""
    scope = world.scope(signed(path), fields)
    await world.ask_slow(scope)
    answer = world.ask_hot(scope)
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    "cors", ["*", "", "https://a.example", "https://a.example,https://b.example"]
)
@pytest.mark.parametrize("auto", [("avif", "webp"), ()])
async def test_fast_and_slow_are_one_answer(
    opened: Origin, tmp_path: Path, cors: str, auto: tuple[str, ...]
) -> None:
    changes: dict[str, Any] = {"cors": cors, "auto_formats": auto}
    async with open_world(opened.services, tmp_path, ttl=TTL, **changes) as world:
        filled(world)
        for path, accept, origin in itertools.product(PATHS, ACCEPTS, ORIGINS):
            scope = world.scope(signed(path), (*accept, *origin))
            await world.ask_slow(scope)

            slow, fast = await world.ask_slow(scope), world.ask_hot(scope)

            assert fast is not None
            assert (slow.status, slow.body) == (fast.status, fast.body) == (200, slow.body)
            assert common(slow) == common(fast)
            assert fast.headers["cache-status"] == slow.headers["cache-status"]
            assert fast.headers["age"] in (slow.headers["age"], str(int(slow.headers["age"]) + 1))
            assert fast.headers["x-request-id"] != slow.headers["x-request-id"]

            same = world.scope(
                signed(path), (*accept, *origin, ("if-none-match", slow.headers["etag"]))
            )
            slow, fast = await world.ask_slow(same), world.ask_hot(same)
            assert fast is not None
            assert (slow.status, slow.body) == (fast.status, fast.body) == (304, b"")
            assert common(slow) == common(fast)
            assert "content-length" not in fast.headers


@pytest.mark.parametrize(("etag", "status"), [("", 200), ("{}", 304)])
async def test_the_first_line_is_the_servers(world: World, etag: str, status: int) -> None:
    answer = await hot(world)
    fields = [("if-none-match", etag.format(answer.headers["etag"]))] if etag else []

    bytes_written = world.hot.answer(world.scope(signed(PATH), fields))

    assert bytes_written is not None
    assert bytes_written.head.startswith(STATUS_LINE[status])


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (['"other"'], 200),
        (["*"], 304),
        (["W/{}"], 304),
        (['"other", {}'], 304),
        (['"other"', "{}"], 304),
        (["junk"], 200),
    ],
)
async def test_other_entity_tags_than_the_very_one_go_the_slow_way(
    world: World, lines: list[str], status: int
) -> None:
    etag = (await hot(world)).headers["etag"]
    scope = world.scope(signed(PATH), [("if-none-match", line.format(etag)) for line in lines])

    assert world.ask_hot(scope) is None
    assert (await world.ask_slow(scope)).status == status


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("HEAD", ()),
        ("POST", ()),
        ("OPTIONS", ()),
        ("GET", (("range", "bytes=0-1"),)),
        ("GET", (("if-match", '"x"'),)),
        ("GET", (("if-modified-since", "Sun, 09 Sep 2001 01:46:40 GMT"),)),
        ("GET", (("if-unmodified-since", "Sun, 09 Sep 2001 01:46:40 GMT"),)),
        ("GET", (("expect", "100-continue"),)),
    ],
)
async def test_what_is_not_plain_goes_the_slow_way(
    world: World, method: str, fields: Fields
) -> None:
    await hot(world)

    assert world.ask_hot(world.scope(signed(PATH), fields, method)) is None


@pytest.mark.parametrize("path", ["/health", "/robots.txt", f"/insecure{PATH}", f"{signed(PATH)}/"])
async def test_what_was_never_verified_goes_the_slow_way(world: World, path: str) -> None:
    await hot(world)
    scope = world.scope(path)

    for _ in range(2):
        assert world.ask_hot(scope) is None
        await world.ask_slow(scope)


async def test_a_url_that_expires_is_verified_every_time(world: World) -> None:
    scope = world.scope(signed(f"/exp:99999999999{PATH}"))

    for _ in range(3):
        assert world.ask_hot(scope) is None
        assert (await world.ask_slow(scope)).status == 200


async def test_a_policy_without_memory_has_no_fast_answers(world: World) -> None:
    for source in ("s3://alpha/cat.jpg", "s3://beta/cat.jpg"):
        world.put(source)
        scope = world.scope(signed(f"/w:20/plain/{source}"))

        for _ in range(2):
            assert (await world.ask_slow(scope)).status == 200
            assert world.ask_hot(scope) is None


@pytest.mark.parametrize(
    ("scope", "name"),
    [("source", CAT), ("prefix", "local:///a/"), ("prefix", ""), ("tag", "folder")],
)
async def test_a_purge_is_noticed_at_once(world: World, scope: Kind, name: str) -> None:
    old = await hot(world)
    world.put(CAT)
    assert (await world.get(PATH)).body == old.body

    world.purge(scope, name)

    assert world.ask_hot(world.scope(signed(PATH))) is None
    assert f"{CAT} 1".encode() in (await world.get(PATH)).body
    assert (await world.get(PATH)).fast


async def test_a_purge_in_the_millisecond_of_a_look_counts_too(world: World) -> None:
    world.clock.now = int(world.clock.now) + 10.0003
    await hot(world)
    world.put(CAT)

    world.purge("source", CAT)

    assert f"{CAT} 1".encode() in (await world.get(PATH)).body


@pytest.mark.parametrize(("scope", "name"), [("source", "local:///b/cat.jpg"), ("tag", "bucket")])
async def test_a_purge_of_something_else_changes_nothing(
    world: World, scope: Kind, name: str
) -> None:
    before = await hot(world)

    world.purge(scope, name)

    after = await world.get(PATH)
    assert after.fast
    assert (after.body, common(after)) == (before.body, common(before))


async def test_an_overwritten_source_is_noticed_within_the_life_of_its_pointer(
    world: World,
) -> None:
    old = await hot(world)
    world.put(CAT)

    world.clock.tick(TTL * 0.49)
    assert (await world.get(PATH)).fast
    world.clock.tick(TTL * 0.52)
    new = await world.get(PATH)

    assert not new.fast
    assert (f"{CAT} 0".encode() in old.body, f"{CAT} 1".encode() in new.body) == (True, True)
    assert new.headers["etag"] != old.headers["etag"]


async def test_a_result_that_was_made_again_is_announced_with_its_own_length(world: World) -> None:
    old = await hot(world)
    await world.services.variants.tiers.drop_source(source_name(CAT))
    world.pool.more = b"and more"

    new = await hot(world)

    assert new.body == old.body + b"and more"
    assert int(new.headers["content-length"]) == len(new.body)


async def test_urls_are_forgotten_before_they_are_too_many(world: World) -> None:
    await hot(world)
    asked = read(signed(PATH).encode(), None, world.services.rules)

    for number in range(12_000):
        world.hot.remember({"method": "GET", "raw_path": b"/%d" % number, "headers": ()}, asked)

    assert world.ask_hot(world.scope(signed(PATH))) is None


@pytest.mark.parametrize("field", ["accept", "origin"])
async def test_a_client_cannot_fill_the_memory_with_long_headers(world: World, field: str) -> None:
    asked = read(signed(PATH).encode(), None, world.services.rules)
    tracemalloc.start()
    try:
        for number in range(2500):
            value = f"{number}".ljust(60_000, "x")
            world.hot.remember(world.scope(signed(PATH), [(field, value)]), asked)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept < 80e6
