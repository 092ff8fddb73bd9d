"""One render in the whole fleet: whoever holds the lease of a key makes it, others wait.

A lease only saves work. It is no lock: after a pause of its holder that was longer than `seconds`
two nodes may make the same result, which is the same bytes. So nobody has to ask whether a lease
is still held, and one that was taken while the answer got lost simply runs out.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

from anyio import CancelScope
from redis.asyncio import Redis

from cache.breaker import Breaker
from cache.errors import TierFailed
from cache.shared import answering

_LOG = logging.getLogger(__name__)

# A holder that hangs must not keep its key forever.
_RENEWALS = 100
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.2
_UNHEARD = 2

_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Leases:
    """seconds: how long a lease outlives a holder that died. timeout: of each word with Redis.

    counts: tries to take one, as taken, elsewhere (somebody else has it) or failed.
    """

    def __init__(
        self,
        client: Redis,
        *,
        namespace: str,
        timeout: float,
        seconds: float = 10,
        breaker: Breaker | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._client = client
        self._breaker = breaker
        self._prefix = f"{namespace}l:"
        self._timeout = timeout
        self._seconds = seconds
        self._renew = client.register_script(_RENEW)
        self._release = client.register_script(_RELEASE)

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[Lease | None]:
        """Hold the lease for the block; None, and nothing is held, if somebody else has it."""
        lease = await self.acquire(key)
        try:
            yield lease
        finally:
            if lease is not None:
                with CancelScope(shield=True):
                    await lease.release()

    async def acquire(self, key: str) -> Lease | None:
        """The lease, which the caller must release; None if somebody else has it.

        `TierFailed` if Redis does not say: the caller makes the result without a lease.
        """
        name, token = self._prefix + key, uuid4().hex
        try:
            async with answering(self._timeout, self._breaker):
                taken = await self._client.set(name, token, nx=True, px=self._life)
        except TierFailed:
            self.counts["failed"] += 1
            raise
        self.counts["taken" if taken else "elsewhere"] += 1
        return Lease(self, name, token) if taken else None

    async def wait(
        self,
        key: str,
        *,
        timeout: float,  # noqa: ASYNC109  (it would hide which deadline was missed)
    ) -> None:
        """Until nobody has the lease. TimeoutError after `timeout` seconds, or `TierFailed`."""
        end, pause, unheard = time.monotonic() + timeout, _FIRST_PAUSE, 0
        while True:
            held = True
            try:
                async with answering(self._timeout):
                    held = bool(await self._client.exists(self._prefix + key))
                unheard = 0
            except TierFailed:
                # One late answer is no reason to make what another is making.
                unheard += 1
                if unheard > _UNHEARD:
                    raise
            if not held:
                return
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{key}: expected its lease to end within {timeout:g} s")
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def keep(self, name: str, token: str) -> None:
        """Renew the lease until it is lost."""
        for _ in range(_RENEWALS):
            await asyncio.sleep(self._seconds / 3)
            try:
                async with answering(self._timeout):
                    kept = await self._renew(keys=[name], args=[token, self._life])
            except TierFailed as error:
                _LOG.debug("%s: lease not renewed: %s", name, error)
                continue
            if not kept:
                _LOG.debug("%s: lease lost", name)
                return

    async def drop(self, name: str, token: str) -> None:
        """End the lease, unless it is another's by now."""
        try:
            async with answering(self._timeout):
                await self._release(keys=[name], args=[token])
        except TierFailed as error:
            _LOG.debug("%s: lease not released, it will run out: %s", name, error)

    @property
    def _life(self) -> int:
        return max(1, int(self._seconds * 1000))


class Lease:
    """A lease that is held, and renewed in the background every third of its life."""

    def __init__(self, leases: Leases, name: str, token: str) -> None:
        self._leases = leases
        self._name = name
        self._token = token
        self._renewal = asyncio.create_task(leases.keep(name, token))

    async def release(self) -> None:
        """Let others have it. Never fails; twice is once."""
        self._renewal.cancel()
        await asyncio.wait((self._renewal,))
        await self._leases.drop(self._name, self._token)
