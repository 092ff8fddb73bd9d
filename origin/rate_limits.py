"""Who may have new results made, and how many: requests that find theirs anywhere cost nothing.

A result is paid for once, when all tiers were asked in vain and before its source is fetched, out
of the quotas of one of those who wait for it: of the first, or if those are used up, of the next.
So nobody is refused for what somebody else did, and a crowd at one picture pays for one. All are
refused only if none of them can pay, each by the state of their own quotas.

    client   who asked (`client_address`)                        SAFELIGHT_MISS_RATE
    key      the pair of key and salt that signed the URL        SAFELIGHT_MISS_RATE_KEY

Quotas are counted in Redis where there is one, for all nodes together, and in memory else, also
while Redis is not well: limits are no reason for an error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import structlog
from redis.asyncio import Redis

from cache.breaker import Breaker
from cache.errors import TierFailed
from cache.shared import answering, open_redis
from origin.client_address import Networks, client_address
from origin.errors import RateLimited
from origin.standing import Standing, rate_limit_headers
from signing.errors import SignatureError
from signing.imgproxy import ImgproxyScheme, mac
from signing.scheme import Scheme

if TYPE_CHECKING:
    from limits import RateLimitItem

    from origin.rate_windows import Ledger

log = structlog.get_logger("safelight")

CLIENT_SETTING = "SAFELIGHT_MISS_RATE"
KEY_SETTING = "SAFELIGHT_MISS_RATE_KEY"
# Beside a render this is nothing, but a Redis that hangs must not make every one of them wait.
_REDIS_SECONDS = 0.2
_CONNECTIONS = 8
_NAMESPACE = "safelight:"


@dataclass(frozen=True, slots=True)
class Rates:
    """client: of each, key: of each; None for no limit."""

    client: RateLimitItem | None
    key: RateLimitItem | None

    def __bool__(self) -> bool:
        return self.client is not None or self.key is not None


@dataclass(frozen=True, slots=True)
class Quota:
    """What is counted together. holder: whose it is, among those of the same policy."""

    policy: str
    rate: RateLimitItem
    holder: str
    setting: str


def read_rates(client: str, key: str) -> Rates:
    """As they are set, `` for none; ValueError names the setting."""
    if not client and not key:
        return Rates(None, None)
    # The library takes its time to be imported, which a server without limits need not spend.
    from origin.rate_windows import read_rate

    return Rates(
        read_rate(client, CLIENT_SETTING) if client else None,
        read_rate(key, KEY_SETTING) if key else None,
    )


class MissLimits:
    """Rates, and where they are counted: in `shared` if it is well, else in `local`.

    refused: requests that could not pay, by the policy that refused them.
    """

    def __init__(
        self,
        rates: Rates,
        *,
        trusted: Networks,
        scheme: Scheme,
        local: Ledger,
        shared: Ledger | None = None,
        refused: Counter[str] | None = None,
    ) -> None:
        self.refused = Counter() if refused is None else refused
        self._rates = rates
        self._trusted = trusted
        self._scheme = scheme
        self._local = local
        self._shared = shared
        self._breaker = Breaker()

    def visit(self, scope: Mapping[str, Any]) -> Visit:
        return Visit(self, scope)

    def quotas(self, scope: Mapping[str, Any]) -> tuple[Quota, ...]:
        """Those that a request may draw on."""
        quotas = []
        if self._rates.client is not None:
            client = str(client_address(scope, self._trusted))
            quotas.append(Quota("client", self._rates.client, client, CLIENT_SETTING))
        signer = self._signer(scope["raw_path"]) if self._rates.key is not None else None
        if self._rates.key is not None and signer is not None:
            quotas.append(Quota("key", self._rates.key, signer, KEY_SETTING))
        return tuple(quotas)

    async def draw(self, quota: Quota) -> tuple[bool, Standing]:
        """Whether there was anything left, and what is now."""
        wanted = (quota.policy, quota.rate, quota.holder)
        if self._shared is not None:
            try:
                async with answering(_REDIS_SECONDS, self._breaker):
                    return await self._shared.draw(*wanted)
            except TierFailed as error:
                # While the breaker is open nothing is tried, and nothing new to be told.
                if error.__cause__ is not None:
                    log.warning("rate limits are counted by this node alone", error=str(error))
        return await self._local.draw(*wanted)

    def _signer(self, raw_path: bytes) -> str | None:
        """A name for the pair that signed the path, from which nobody can tell the pair."""
        if not isinstance(self._scheme, ImgproxyScheme):
            return None
        for pair in self._scheme.pairs:
            try:
                ImgproxyScheme((pair,)).verify(raw_path)
            except SignatureError:
                continue
            # No path begins like that, so this is no signature of any.
            return mac(pair, b"rate limit")[:8].hex()
        return None


@dataclass(slots=True, eq=False)
class Visit:
    """A request, as far as it may have to pay for a result that it wants.

    standings: of its quotas since it has paid. refusal: why it cannot.
    """

    limits: MissLimits
    scope: Mapping[str, Any]
    standings: tuple[Standing, ...] = ()
    refusal: RateLimited | None = None
    _quotas: tuple[Quota, ...] | None = field(default=None, init=False)

    @property
    def quotas(self) -> tuple[Quota, ...]:
        if self._quotas is None:
            self._quotas = self.limits.quotas(self.scope)
        return self._quotas

    @property
    def headers(self) -> dict[str, str]:
        """Fields of the answer; none if this request has not paid for anything."""
        return rate_limit_headers(self.standings)

    async def pay(self) -> Quota | None:
        """The quota that is used up, if there is one. Who has paid does not pay again."""
        if self.standings:
            return None
        standings: list[Standing] = []
        for quota in self.quotas:
            allowed, standing = await self.limits.draw(quota)
            standings.append(standing)
            if not allowed:
                self.refuse(quota, standings)
                return quota
        self.standings = tuple(standings)
        return None

    def refused(self) -> RateLimited:
        """The refusal, for this request alone to raise."""
        assert self.refusal is not None  # noqa: S101
        return RateLimited(str(self.refusal), self.refusal.standings)

    def refuse(self, quota: Quota, standings: Collection[Standing]) -> None:
        self.limits.refused[quota.policy] += 1
        expected = (
            f"expected at most {quota.rate.amount} new results in {quota.rate.get_expiry()} s"
        )
        self.refusal = RateLimited(
            f"{expected} for one {quota.policy} ({quota.setting})", tuple(standings)
        )


async def charge(visits: Collection[Visit]) -> None:
    """Makes any one of them pay; RateLimited if all were asked in vain.

    More may come, and some leave, while this goes on.
    """
    refusal = None
    while (visit := next((one for one in visits if one.refusal is None), None)) is not None:
        empty = await visit.pay()
        if empty is None:
            return
        refusal = visit.refusal
        for other in tuple(visits):
            if other.refusal is None and empty in other.quotas:
                other.refuse(empty, refusal.standings[-1:] if refusal else ())
    if refusal is not None:
        raise refusal


class Ledgers:
    """Where quotas are counted; opened once, so that counts outlive a change of keys or rates.

    The library takes its time to be imported, which a server without limits need not spend.
    """

    def __init__(self, redis: Redis | None) -> None:
        self.refused: Counter[str] = Counter()
        self._redis = redis

    def limits(self, rates: Rates, *, trusted: Networks, scheme: Scheme) -> MissLimits | None:
        """None where nothing is limited. Equal rates go on counting where the last ones were."""
        if not rates:
            return None
        return MissLimits(
            rates,
            trusted=trusted,
            scheme=scheme,
            local=self._local,
            shared=self._shared,
            refused=self.refused,
        )

    @cached_property
    def _local(self) -> Ledger:
        from origin.rate_windows import in_memory

        return in_memory()

    @cached_property
    def _shared(self) -> Ledger | None:
        from origin.rate_windows import in_redis

        return None if self._redis is None else in_redis(self._redis, namespace=_NAMESPACE)


@asynccontextmanager
async def open_ledgers(redis_url: str | None) -> AsyncIterator[Ledgers]:
    """ValueError if the URL cannot be one of Redis, which need not be there."""
    if redis_url is None:
        yield Ledgers(None)
        return
    # Connections of its own: who waits for these must not wait for results that are on their way.
    async with open_redis(redis_url, timeout=_REDIS_SECONDS, connections=_CONNECTIONS) as redis:
        yield Ledgers(redis)
