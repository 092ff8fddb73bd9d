"""The `limits` library as it is used here: how a rate is written, and where it is counted.

Its own memory keeps as many clients as come, and with each request starts a task that looks
through all of them, a thread for each; so this one is ours, and has a bound. In Redis everything
lies under `<namespace>limits:`, for as long as its window is.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from cachetools import LRUCache
from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import Redis

from origin.standing import Standing

MAX_AMOUNT = 10_000
MAX_SECONDS = 86_400
# Together, whoever they are of: some 30 MB.
_MOST_TIMES = 500_000
_OVERHEAD = 20  # of a client, in times
_NAMESPACE = "misses"


def read_rate(text: str, setting: str) -> RateLimitItem:
    """ValueError names the setting and how a rate is written."""
    expected = (
        f"{setting}: expected a rate such as 100/10 seconds or 1000/hour, of at most"
        f" {MAX_AMOUNT} in at most a day, got {text!r}"
    )
    try:
        rates = parse_many(text)
    except ValueError:
        raise ValueError(expected) from None
    rate = rates[0]
    if len(rates) > 1 or not 1 <= rate.amount <= MAX_AMOUNT or rate.get_expiry() > MAX_SECONDS:
        raise ValueError(expected)
    rate.namespace = _NAMESPACE
    return rate


class Windows(MemoryStorage):
    """When each client last drew on its quota; who drew longest ago is forgotten first."""

    def __init__(
        self, *, max_times: int = _MOST_TIMES, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._clock = clock
        self._times: LRUCache[str, deque[float]] = LRUCache(
            max_times, getsizeof=lambda times: _OVERHEAD + len(times)
        )

    def __len__(self) -> int:
        return len(self._times)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._clock()
        times = self._within(key, now - expiry)
        allowed = len(times) + amount <= limit
        if allowed:
            times.extend([now] * amount)
            # Put again as it weighs more now.
            self._times[key] = times
        return allowed

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._clock()
        times = self._within(key, now - expiry)
        return (times[0], len(times)) if times else (now, 0)

    def _within(self, key: str, since: float) -> deque[float]:
        times = self._times.get(key) or deque()
        while times and times[0] <= since:
            times.popleft()
        return times


class Ledger:
    """Counts in memory, or in a Redis for all nodes together."""

    def __init__(self, storage: MemoryStorage | RedisStorage, clock: Callable[[], float]) -> None:
        self._limiter = MovingWindowRateLimiter(storage)
        self._clock = clock

    async def draw(self, policy: str, rate: RateLimitItem, holder: str) -> tuple[bool, Standing]:
        """Whether one may be had, and how things stand then. What is not had is not counted."""
        allowed = await self._limiter.hit(rate, policy, holder)
        reset, left = await self._limiter.get_window_stats(rate, policy, holder)
        wait = min(max(0.0, reset - self._clock()), rate.get_expiry())
        return allowed, Standing(policy, rate.amount, rate.get_expiry(), max(0, left), wait)


def in_memory(*, clock: Callable[[], float] = time.time) -> Ledger:
    return Ledger(Windows(clock=clock), clock)


def in_redis(client: Redis, *, namespace: str) -> Ledger:
    """The client stays its owner's; times are those of this node."""
    storage = RedisStorage(
        "redis://",
        implementation="redispy",
        key_prefix=f"{namespace}limits",
        connection_pool=client.connection_pool,  # type: ignore[arg-type]
    )
    return Ledger(storage, time.time)
