"""Purges, told to all nodes, and to those that were away once they are back.

    <namespace>purges      sorted set: `scope:name`, by the time of its latest purge
    <namespace>purges      channel: JSON of one purge and its id, as it is told
    <namespace>nodes       sorted set: names of nodes, by Redis's time of their last sign of life
    <namespace>acks:<id>   set: the nodes that have applied the purge

The set is the truth and the channel only makes it fast: a node reads the whole set whenever it
connects, and every `poll` seconds. The set keeps the `most` latest. A purge that was pushed out
of it has reached every node that was connected since; one that was not, or is new, may believe
what it, or the shared tier, knew before that purge until that runs out by itself. The same holds
after Redis lost its memory, or evicted the set: policies for all keys do, `volatile-` ones do not.

Channels are common to all databases of a server: two fleets on it need two namespaces.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, get_args
from uuid import uuid4

from anyio import CancelScope
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from cache.errors import TierFailed
from cache.purges import Purge, Scope
from cache.shared import answering

_LOG = logging.getLogger(__name__)

_SILENCE = 60
_PAGE = 1000
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
_FIRST_LOOK, _LONGEST_LOOK = 0.01, 0.2

_TELL = """
redis.call('ZADD', KEYS[1], 'GT', ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - tonumber(ARGV[3]))
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', redis.call('TIME')[1] - ARGV[4])
redis.call('PUBLISH', KEYS[1], ARGV[5])
return redis.call('ZRANGE', KEYS[2], 0, -1)
"""
_BEAT = """
local now = redis.call('TIME')[1]
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """Names of the nodes that have applied a purge, and of those that live and have not said so."""

    acknowledged: frozenset[str]
    missing: frozenset[str]


class PurgeBus:
    """node: this node's name, which no other may have. poll, beat: seconds."""

    def __init__(
        self,
        client: Redis,
        *,
        node: str,
        namespace: str,
        timeout: float,
        poll: float = 30,
        beat: float = 10,
        most: int = 100_000,
    ) -> None:
        self._client = client
        self._node = node
        self._purges, self._nodes = f"{namespace}purges", f"{namespace}nodes"
        self._acks = f"{namespace}acks:"
        self._timeout = timeout
        self._poll, self._beat, self._most = poll, beat, most
        self._untold: dict[tuple[Scope, str], Purge] = {}
        self._tell = client.register_script(_TELL)
        self._live = client.register_script(_BEAT)

    async def tell(self, purge: Purge, *, wait: float) -> Reached:
        """Tell all nodes, this one too, and look for up to `wait` seconds who has applied it.

        `TierFailed` if nobody knows whether it was told: `run` tells it once Redis is back. Once
        it was told, every node will apply it.
        """
        key = uuid4().hex
        try:
            live = await self._announce(purge, key)
        except TierFailed:
            if len(self._untold) < self._most:
                self._untold[purge.scope, purge.name] = purge
            raise
        known = frozenset(name.decode(errors="replace") for name in live)
        acknowledged = await self._wait_for_acks(self._acks + key, known, wait)
        return Reached(acknowledged, known - acknowledged)

    async def _announce(self, purge: Purge, key: str) -> list[bytes]:
        """The names of the nodes that live."""
        text = json.dumps({"id": key, **asdict(purge)})
        member = f"{purge.scope}:{purge.name}".encode(errors="surrogatepass")
        async with answering(self._timeout):
            live: list[bytes] = await self._tell(
                keys=[self._purges, self._nodes],
                args=[purge.at, member, self._most, _SILENCE, text],
            )
        return live

    async def run(
        self, apply: Callable[[Purge], object], *, loaded: Callable[[], None] = lambda: None
    ) -> None:
        """Apply every purge there is or will be, some more than once, until this is cancelled.

        `loaded` is called whenever all that there are have been applied.
        """
        pause = _FIRST_PAUSE
        try:
            while True:
                try:
                    async with self._client.pubsub() as channel:
                        await self._join(channel, apply)
                        loaded()
                        pause = _FIRST_PAUSE
                        await self._listen(channel, apply)
                # Whatever it is: a node that stops listening would serve what was purged.
                except Exception as error:
                    _LOG.warning("purges of other nodes are late: %r", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
        finally:
            with CancelScope(shield=True):
                await self._leave()

    async def _join(self, channel: PubSub, apply: Callable[[Purge], object]) -> None:
        async with answering(self._timeout):
            await channel.subscribe(self._purges)
            # What is told from here on is heard, so what is read from here on leaves no gap.
            while (await channel.get_message(timeout=self._timeout) or {}).get("type") is None:
                pass
        await self._load(apply)

    async def _listen(self, channel: PubSub, apply: Callable[[Purge], object]) -> None:
        beat, load, heard = 0.0, time.monotonic() + self._poll, True
        while True:
            now = time.monotonic()
            if now >= beat:
                if not heard:
                    raise TierFailed(f"expected a word on {self._purges}, got none to a ping")
                await self._show_life(channel)
                beat, heard = now + self._beat, False
            if now >= load:
                await self._load(apply)
                load = now + self._poll
            pause = max(0.0, min(beat, load) - now)
            async with answering(pause + self._timeout):
                message = await channel.get_message(timeout=pause)
            if message is not None:
                heard = True
                if message["type"] == "message":
                    await self._take(message["data"], apply)

    async def _show_life(self, channel: PubSub) -> None:
        async with answering(self._timeout):
            await self._live(keys=[self._nodes], args=[self._node, _SILENCE])
            await channel.ping()

    async def _load(self, apply: Callable[[Purge], object]) -> None:
        while self._untold:
            name, purge = next(iter(self._untold.items()))
            await self._announce(purge, uuid4().hex)
            if self._untold.get(name) is purge:
                del self._untold[name]
        # Latest first: one that is told meanwhile moves others to later pages, never to earlier.
        for start in range(0, self._most, _PAGE):
            async with answering(self._timeout):
                page: Any = await self._client.zrevrange(
                    self._purges, start, start + _PAGE - 1, withscores=True
                )
            for member, at in page:
                try:
                    _applied(apply, _of_member(member, at))
                except (ValueError, OverflowError) as error:
                    _LOG.debug("no purge in %s: %s", self._purges, error)
            if len(page) < _PAGE:
                return

    async def _take(self, text: bytes, apply: Callable[[Purge], object]) -> None:
        try:
            key, purge = _of_message(text)
        except (ValueError, RecursionError) as error:
            _LOG.debug("no purge on %s: %s", self._purges, error)
            return
        if not _applied(apply, purge):
            return
        try:
            async with answering(self._timeout), self._client.pipeline() as commands:
                commands.sadd(self._acks + key, self._node)
                commands.expire(self._acks + key, _SILENCE)
                await commands.execute()
        except TierFailed as error:
            _LOG.debug("a purge was applied and not acknowledged: %s", error)

    async def _wait_for_acks(self, key: str, known: frozenset[str], wait: float) -> frozenset[str]:
        end, pause = time.monotonic() + wait, _FIRST_LOOK
        found: frozenset[str] = frozenset()
        while True:
            try:
                async with answering(self._timeout):
                    members: Any = await self._client.smembers(key)
            except TierFailed as error:
                _LOG.debug("a purge was told, but not who has applied it: %s", error)
                return found
            found = frozenset(name.decode(errors="replace") for name in members)
            left = end - time.monotonic()
            if known <= found or left <= 0:
                return found
            await asyncio.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_LOOK)

    async def _leave(self) -> None:
        try:
            async with answering(self._timeout):
                await self._client.zrem(self._nodes, self._node)
        except TierFailed as error:
            _LOG.debug("%s stays on the list of nodes for a while: %s", self._node, error)


def _of_member(member: bytes, at: float) -> Purge:
    scope, colon, name = member.decode(errors="surrogatepass").partition(":")
    return _purge(scope, name if colon else None, int(at))


def _of_message(text: bytes) -> tuple[str, Purge]:
    fields = json.loads(text)
    if not isinstance(fields, dict):
        raise ValueError("expected a JSON object")
    purge = _purge(fields.get("scope"), fields.get("name"), fields.get("at"))
    return str(fields.get("id")), purge


def _purge(scope: Any, name: Any, at: Any) -> Purge:
    if scope not in get_args(Scope) or not isinstance(name, str) or not isinstance(at, int):
        raise ValueError(f"expected scope, name and time, got {scope!r}, {name!r}, {at!r}")
    return Purge(scope, name, at)


def _applied(apply: Callable[[Purge], object], purge: Purge) -> bool:
    try:
        apply(purge)
    except Exception:
        _LOG.exception("a purge could not be applied")
        return False
    return True
