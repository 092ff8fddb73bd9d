"""Counting in moving windows: exact, forgotten in time, and in bounded memory."""

from __future__ import annotations

import pytest

from cache.shared import open_redis
from origin.rate_windows import Ledger, Windows, in_memory, in_redis, read_rate
from origin.standing import Standing, rate_limit_headers
from tests.redis_server import redis_server as redis_server
from tests.redis_server import redis_url as redis_url


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1e9

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "amount", "seconds"),
    [
        ("100/10 second", 100, 10),
        ("100/10 seconds", 100, 10),
        ("100 per minute", 100, 60),
        ("5 per 2 hours", 5, 7200),
        ("1000/day", 1000, 86_400),
    ],
)
def test_rates_are_written_as_the_library_has_it(text: str, amount: int, seconds: int) -> None:
    rate = read_rate(text, "SAFELIGHT_MISS_RATE")

    assert (rate.amount, rate.get_expiry()) == (amount, seconds)


@pytest.mark.parametrize(
    "text", ["many", "100", "100/10s", "0/second", "10001/day", "5/2 days", "5/month", "1/s;2/min"]
)
def test_what_is_no_rate_is_refused_by_the_settings_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"^SAFELIGHT_X: expected a rate such as") as told:
        read_rate(text, "SAFELIGHT_X")

    assert repr(text) in str(told.value)


async def test_each_draw_is_given_back_when_its_own_time_is_over() -> None:
    clock = Clock()
    ledger, rate = in_memory(clock=clock), read_rate("2/10 seconds", "")

    came = []
    for _ in range(8):
        came.append(await ledger.draw("client", rate, "a"))
        clock.now += 4

    assert [allowed for allowed, _ in came] == [True, True, False] * 2 + [True, True]
    assert [(one.left, one.reset) for _, one in came[:4]] == [(1, 10), (0, 6), (0, 2), (0, 2)]


async def test_holders_and_policies_are_counted_apart() -> None:
    ledger, rate = in_memory(), read_rate("1/hour", "")

    drawn = [("client", "a"), ("client", "b"), ("key", "a"), ("client", "a")]
    came = [(await ledger.draw(policy, rate, holder))[0] for policy, holder in drawn]

    assert came == [True, True, True, False]


async def test_however_many_come_memory_is_bounded_and_the_latest_are_known() -> None:
    windows = Windows(max_times=1000)
    ledger, rate = Ledger(windows, lambda: 0.0), read_rate("1/hour", "")

    for number in range(10_000):
        await ledger.draw("client", rate, str(number))

    assert len(windows) <= 1000
    assert not (await ledger.draw("client", rate, "9999"))[0]


async def test_one_who_draws_much_weighs_as_much() -> None:
    windows = Windows(max_times=1000)
    ledger, rate = Ledger(windows, lambda: 0.0), read_rate("500/hour", "")

    for holder in "abc":
        for _ in range(500):
            await ledger.draw("client", rate, holder)

    assert len(windows) == 1


async def test_nodes_count_together_in_redis(redis_url: str) -> None:
    rate = read_rate("3/hour", "")
    async with (
        open_redis(redis_url, timeout=5) as one,
        open_redis(redis_url, timeout=5) as other,
    ):
        nodes = [in_redis(client, namespace="test:") for client in (one, other)]

        came = [await nodes[number % 2].draw("client", rate, "2001:db8::") for number in range(5)]
        names = await one.keys()
        life = await one.ttl(names[0])

    assert [allowed for allowed, _ in came] == [True, True, True, False, False]
    assert [standing.left for _, standing in came] == [2, 1, 0, 0, 0]
    assert all(0 < standing.reset <= 3600 for _, standing in came)
    assert [name[:12] for name in names] == [b"test:limits:"]
    assert 0 < life <= 3600


def test_standings_are_told_as_structured_fields() -> None:
    standings = (Standing("client", 100, 10, 7, 3.2), Standing("key", 1000, 60, 0, 0.0))

    assert rate_limit_headers(standings) == {
        "ratelimit-policy": '"client";q=100;w=10, "key";q=1000;w=60',
        "ratelimit": '"client";r=7;t=4, "key";r=0;t=0',
    }
    assert rate_limit_headers(()) == {}
