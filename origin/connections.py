"""The connections of one port: how many there may be, and how long their clients are waited for.

    idle      all requests are answered; the first to give way when there are too many
    begun     the first request, or the rest of one, has yet to come; the next to give way
    taking    an answer is written that the client has not taken yet (`unsent.py`)
    leaving   all was said; a moment more, as closing while bytes come in would take the answer back

A connection whose request is worked on, or whose answer is being taken, never gives way.
"""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

import structlog

from origin.patience import Patience
from origin.unsent import Unsent

log = structlog.get_logger("safelight")

_MOST_LEAVING = 64
# So many at a time, or closing thousands would hold up all others.
_AT_ONCE = 100
_NEXT_SECONDS = 0.01
_LOG_SECONDS = 60.0


class Client(Protocol):
    """The other side of a connection."""

    transport: asyncio.Transport

    @property
    def in_hand(self) -> bool:
        """A request of it is worked on, or it is taking an answer."""

    @property
    def held_back(self) -> bool:
        """It is not read on, so nothing can come."""

    def give_up(self) -> None:
        """Ends a request that does not come to its end."""

    def untaken(self) -> int:
        """Bytes that were written and have not arrived at the client."""


class Connections:
    """`arrive` and `lost` are the two ends of each; time is the event loop's."""

    def __init__(
        self, most: int = 10_000, patience: Patience | None = None, *, port: str = "images"
    ) -> None:
        self.patience = patience = patience or Patience()
        self._most = most
        self._port = port
        self._open: set[Client] = set()
        # Each oldest first.
        self._idle: dict[Client, float] = {}
        self._begun: dict[Client, float] = {}
        self._leaving: dict[Client, float] = {}
        self._unsent: Unsent[Client] = Unsent(
            max_bytes=patience.unsent_bytes, floor=patience.floor, seconds=patience.answer
        )
        self._refused = self._gave_way = self._cut_slow = 0
        self._refusals: Counter[str] = Counter()
        self._quiet_until = 0.0
        self._looking: asyncio.TimerHandle | None = None

    def facts(self) -> dict[str, Any]:
        return {
            "open": len(self._open),
            "most": self._most,
            "idle": len(self._idle),
            "taking": len(self._unsent),
            "unsent_bytes": self._unsent.bytes,
            "refused": self._refused,
            "gave_way": self._gave_way,
            "cut_slow": self._cut_slow,
            "refusals": dict(self._refusals),
        }

    def arrive(self, client: Client, now: float) -> bool:
        """False if there is no room for it, and nobody who gives way."""
        if self._looking is None:
            self._look_later(self.patience.look)
        room = len(self._open) < self._most or self._make_room(now)
        if room:
            self._open.add(client)
            self._begun[client] = now
        return room

    def refuse(self, code: str) -> None:
        """A request was answered with that, and no application has seen it."""
        self._refusals[code] += 1

    def lost(self, client: Client) -> None:
        self._open.discard(client)
        self._idle.pop(client, None)
        self._begun.pop(client, None)
        self._leaving.pop(client, None)
        self._unsent.remove(client)

    def wake(self, client: Client) -> None:
        """Something has come."""
        self._idle.pop(client, None)

    def rest(self, client: Client, now: float) -> None:
        """All requests that came are answered."""
        self._idle[client] = now

    def begin(self, client: Client, now: float) -> None:
        """Part of a head has come, or all of it and a body is to follow."""
        self._begun.pop(client, None)
        self._begun[client] = now

    def whole(self, client: Client) -> None:
        self._begun.pop(client, None)

    def taking(self, client: Client, body: bytes, now: float) -> None:
        """The client does not take this at once."""
        self._unsent.add(client, body, now)
        self._cut(self._unsent.remove_excess(now))

    def taken(self, client: Client) -> None:
        self._unsent.remove(client)

    def leave(self, client: Client, now: float) -> None:
        """The last word was said. Its place is free."""
        self.lost(client)
        while len(self._leaving) >= _MOST_LEAVING:
            self._end(next(iter(self._leaving)))
        self._leaving[client] = now

    def _make_room(self, now: float) -> bool:
        waiting = itertools.chain(
            self._idle, (client for client in self._begun if not client.in_hand)
        )
        oldest = next(waiting, None)
        if oldest is None:
            self._refused += 1
        else:
            self._gave_way += 1
            self.lost(oldest)
            oldest.transport.close()
        if now >= self._quiet_until:
            self._quiet_until = now + _LOG_SECONDS
            log.warning("connections_full", port=self._port, **self.facts())
        return oldest is not None

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        patience = self.patience
        idle = _older(self._idle, now - patience.idle)
        late = _older(self._begun, now - patience.request)
        gone = _older(self._leaving, now - patience.linger)
        for client in idle:
            self.wake(client)
            client.transport.close()
        for client in late:
            if client.held_back:
                self.begin(client, now)
            else:
                self.whole(client)
                self._cut_slow += 1
                client.give_up()
        for client in gone:
            self._end(client)
        self._cut(self._unsent.remove_slow(now))
        self._looking = None
        if self._open or self._leaving:
            more = max(len(idle), len(late), len(gone)) == _AT_ONCE
            self._look_later(_NEXT_SECONDS if more else patience.look)

    def _look_later(self, seconds: float) -> None:
        self._looking = asyncio.get_running_loop().call_later(seconds, self._look)

    def _cut(self, clients: Iterable[Client]) -> None:
        for client in clients:
            self._cut_slow += 1
            self._end(client)

    def _end(self, client: Client) -> None:
        # Not close, which waits until all is taken.
        self.lost(client)
        client.transport.abort()


def _older(waiting: dict[Client, float], before: float) -> list[Client]:
    """Those that have waited since then, the oldest first; not all of many."""
    late = itertools.takewhile(lambda client: waiting[client] <= before, waiting)
    return list(itertools.islice(late, _AT_ONCE))
