"""Rate limits: who makes the server work pays, and nobody else; hits are free."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from cache.shared import open_redis
from origin.client_address import read_networks
from origin.errors import RateLimited
from origin.images import read
from origin.rate_limits import MissLimits, Visit, open_ledgers, read_rates
from origin.rate_windows import Ledger, Windows, in_memory, in_redis
from origin.standing import Standing
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair
from tests.origin.live import PAIR, Origin, photo, signed
from tests.redis_server import RedisServer
from tests.redis_server import own_redis as own_redis

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = KeyPair(b"another key", b"another salt")
SCHEME = ImgproxyScheme((PAIR, OTHER))
# What httpx says it is.
PROXY = read_networks(["127.0.0.1"])


class Noticed(Ledger):
    """Calls back before anything is drawn; it may wait."""

    def __init__(self, before: Callable[[str], Any]) -> None:
        super().__init__(Windows(), lambda: 0.0)
        self._before = before

    async def draw(self, policy: str, rate: Any, holder: str) -> tuple[bool, Standing]:
        if (waiting := self._before(holder)) is not None:
            await waiting
        return await super().draw(policy, rate, holder)


def limited(
    opened: Origin, client: str = "", key: str = "", *, local: Ledger | None = None
) -> Origin:
    limits = MissLimits(
        read_rates(client, key), trusted=PROXY, scheme=SCHEME, local=local or in_memory()
    )
    rules = replace(opened.services.rules, scheme=SCHEME)
    return Origin(replace(opened.services, rules=rules, limits=limits), opened.root)


async def ask(
    origin: Origin, path: str, client: str = "203.0.113.1", pair: KeyPair = PAIR, **fields: str
) -> httpx.Response:
    """Header names with `_` for `-`."""
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    return await origin.send("GET", signed(path, pair), {"x-forwarded-for": client, **named})


def paths(origin: Origin, number: int) -> list[str]:
    """As many results that nobody has made yet."""
    source = origin.put(photo())
    return [f"/w:{10 + one}/plain/{source}@png" for one in range(number)]


async def test_who_has_had_enough_made_is_told_when_to_come_again(opened: Origin) -> None:
    origin = limited(opened, "2/hour")

    *good, refused = [await ask(origin, path) for path in paths(origin, 3)]

    assert [answer.status_code for answer in good] == [200, 200]
    assert [answer.headers["ratelimit"][:12] for answer in good] == ['"client";r=1', '"client";r=0']
    assert (refused.status_code, refused.headers["x-safelight-error"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 3600
    assert refused.headers["ratelimit-policy"] == '"client";q=2;w=3600'
    assert refused.headers["ratelimit"].startswith('"client";r=0;t=')
    assert refused.headers["cache-control"] == refused.headers["cdn-cache-control"] == "no-store"
    assert "SAFELIGHT_MISS_RATE" in refused.text


async def test_hits_304s_and_what_is_refused_before_any_work_cost_nothing(opened: Origin) -> None:
    origin = limited(opened, "2/hour")
    first, second, third = paths(origin, 3)
    made = await ask(origin, first)

    hits = [await ask(origin, first) for _ in range(5)]
    unchanged = await ask(origin, first, if_none_match=made.headers["etag"])
    forged = await origin.send("GET", signed(first)[:20] + "A" + signed(first)[21:])
    missing = await ask(origin, "/plain/local:///nothing.jpg")
    last = await ask(origin, second)
    too_many = await ask(origin, third)
    kept = await ask(origin, first)

    assert [answer.status_code for answer in (*hits, unchanged)] == [200] * 5 + [304]
    assert not [answer for answer in (*hits, unchanged) if "ratelimit" in answer.headers]
    assert (forged.status_code, missing.status_code) == (403, 404)
    assert (last.status_code, too_many.status_code, kept.status_code) == (200, 429, 200)


async def test_nobody_is_refused_for_what_another_client_did(opened: Origin) -> None:
    origin = limited(opened, "1/hour")
    one, other, another = paths(origin, 3)

    codes = [
        (await ask(origin, one, "203.0.113.1")).status_code,
        (await ask(origin, other, "203.0.113.1")).status_code,
        (await ask(origin, other, "203.0.113.2")).status_code,
        (await ask(origin, another, "2001:db8:1:1::1")).status_code,
        (await ask(origin, paths(origin, 1)[0], "2001:db8:1:1:ffff::2")).status_code,
    ]

    assert codes == [200, 429, 200, 200, 429]


async def test_a_crowd_of_one_client_pays_for_one(opened: Origin) -> None:
    drawn: list[str] = []
    origin = limited(opened, "2/hour", local=Noticed(drawn.append))
    path, another, third = paths(origin, 3)

    crowd = await asyncio.gather(*(ask(origin, path) for _ in range(30)))
    after = [(await ask(origin, one)).status_code for one in (another, third)]

    assert [answer.status_code for answer in crowd] == [200] * 30
    assert sum("ratelimit" in answer.headers for answer in crowd) == 1
    assert (after, len(drawn)) == ([200, 429], 3)


async def test_who_joins_one_that_cannot_pay_pays_in_their_place(opened: Origin) -> None:
    gate = asyncio.Event()
    origin = limited(opened, "1/hour", local=Noticed(lambda _: gate.wait()))
    path, *others = paths(origin, 3)
    gate.set()
    await ask(origin, others[0], "203.0.113.1")
    gate.clear()

    first = asyncio.create_task(ask(origin, path, "203.0.113.1"))
    await joined(origin, 0)
    second = asyncio.create_task(ask(origin, path, "203.0.113.2"))
    await joined(origin, 1)
    gate.set()

    assert (await first).status_code == 200
    assert (await second).headers["ratelimit"].startswith('"client";r=0')
    assert (await ask(origin, others[1], "203.0.113.2")).status_code == 429


async def joined(origin: Origin, number: int) -> None:
    """Waits until the one flight has so many who joined it."""
    flights = origin.services.variants.flights
    before = flights.joined
    async with asyncio.timeout(30):
        while not len(flights) or flights.joined < before + number:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_if_none_can_pay_each_is_asked_once_and_hears_of_their_own_quota(
    opened: Origin,
) -> None:
    gate, drawn = asyncio.Event(), list[str]()

    def before(holder: str) -> Any:
        drawn.append(holder)
        return gate.wait()

    origin = limited(opened, "1/hour", local=Noticed(before))
    path, *others = paths(origin, 4)
    gate.set()
    for number, other in enumerate(others):
        await ask(origin, other, f"203.0.113.{number}")
    gate.clear()

    drawn.clear()
    crowd = [asyncio.create_task(ask(origin, path, f"203.0.113.{n % 3}")) for n in range(30)]
    await joined(origin, 29)
    gate.set()
    answers = await asyncio.gather(*crowd)

    assert [answer.status_code for answer in answers] == [429] * 30
    assert sorted(drawn) == ["203.0.113.0", "203.0.113.1", "203.0.113.2"]


async def test_who_comes_when_all_were_refused_may_still_pay(opened: Origin) -> None:
    event = asyncio.Event()
    origin = limited(opened, "1/hour", local=Noticed(lambda _: event.set()))
    path, other = paths(origin, 2)
    await ask(origin, other, "203.0.113.1")
    event.clear()
    services = origin.services
    asked = read(signed(path).encode(), None, services.rules)
    wanted = await services.variants.identify(asked)

    async def late() -> Any:
        await event.wait()
        return await services.variants.find(wanted, visit=visit("203.0.113.2"))

    def visit(client: str) -> Visit:
        headers = [(b"x-forwarded-for", client.encode())]
        scope = {"client": ("127.0.0.1", 1), "headers": headers, "raw_path": b""}
        assert services.limits is not None
        return services.limits.visit(scope)

    task = asyncio.create_task(late())
    await asyncio.sleep(0)
    with pytest.raises(RateLimited):
        await services.variants.find(wanted, visit=visit("203.0.113.1"))

    assert (await task).entry.width == 10


async def test_each_signing_key_has_a_quota_too(opened: Origin) -> None:
    origin = limited(opened, "3/hour", "1/hour")
    one, two, three, four = paths(origin, 4)

    first = await ask(origin, one)
    used_up = await ask(origin, two, "203.0.113.2")
    others = await ask(origin, three, "203.0.113.2", OTHER)

    assert first.headers["ratelimit-policy"] == '"client";q=3;w=3600, "key";q=1;w=3600'
    assert used_up.status_code == 429
    assert '"key";r=0' in used_up.headers["ratelimit"]
    assert "SAFELIGHT_MISS_RATE_KEY" in used_up.text
    assert (others.status_code, (await ask(origin, four, pair=OTHER)).status_code) == (200, 429)


async def test_refusals_are_problem_details_for_those_who_want_them(opened: Origin) -> None:
    origin = limited(opened, "1/hour")
    one, other = paths(origin, 2)
    await ask(origin, one)

    refused = await ask(origin, other, accept="application/problem+json")

    assert json.loads(refused.text)["code"] == "rate_limited"
    assert json.loads(refused.text)["status"] == 429


async def test_without_limits_nothing_is_said_of_them(opened: Origin) -> None:
    answers = [await ask(opened, path) for path in paths(opened, 20)]

    assert {answer.status_code for answer in answers} == {200}
    assert not [answer for answer in answers if "ratelimit" in answer.headers]
    async with open_ledgers(None) as ledgers:
        assert ledgers.limits(read_rates("", ""), trusted=(), scheme=SCHEME) is None


@pytest.mark.parametrize("how", ["stop", "freeze"])
async def test_a_redis_that_is_not_well_is_no_reason_for_an_error(
    opened: Origin, own_redis: RedisServer, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_redis(own_redis.url, timeout=0.2) as redis:
        limits = MissLimits(
            read_rates("2/hour", ""),
            trusted=PROXY,
            scheme=SCHEME,
            local=in_memory(),
            shared=in_redis(redis, namespace="safelight:"),
        )
        origin = Origin(replace(opened.services, limits=limits), opened.root)
        made = paths(origin, 20)
        before = (await ask(origin, made[0])).headers["ratelimit"]

        getattr(own_redis, how)()
        answers = [await ask(origin, path) for path in made[1:]]
        if how == "freeze":
            own_redis.thaw()

    assert before.startswith('"client";r=1')
    # This node counts from the beginning.
    assert [answer.status_code for answer in answers] == [200, 200] + [429] * 17
    told = capsys.readouterr()
    assert 1 <= (told.out + told.err).count("rate limits are counted by this node alone") <= 8
    with suppress(ProcessLookupError):
        own_redis.stop()
