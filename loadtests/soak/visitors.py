"""What is asked of the server: everything that visitors, crawlers, attackers and operators do, as
often as they do it, and what they must be answered.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from random import Random

import httpx

from loadtests.soak.world import World

_ACCEPTS = (
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
    "*/*",
)
_OPTIONS = ("w:{0}", "rs:fill:{0}:{0}", "w:{0}/bl:2", "rs:fill:{0}:120/g:sm", "h:{0}/q:60")
_PATIENCE = 60.0
_LEAVES_WITHIN = 0.2
# A server that has too much to do says so; how often is judged at the end.
_BUSY = frozenset({503, 504})


@dataclass(frozen=True, slots=True)
class Visitors:
    """They share connections. faults: answers that were not among the expected, the first few."""

    world: World
    client: httpx.AsyncClient
    random: Random
    statuses: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def busy(self) -> float:
        """The share of answers that were put off."""
        late = sum(
            count
            for name, count in self.statuses.items()
            if name.endswith(("503", "504")) and not name.startswith("broken")
        )
        return late / max(1, self.statuses.total())

    async def one_visit(self) -> None:
        """Something of what they do."""
        works = self._works
        name = self.random.choices(list(works), [weight for weight, *_ in works.values()])[0]
        _, expected, work = works[name]
        try:
            status = await work()
        except httpx.HTTPError as error:
            self._wrong(f"{name}: expected an answer, got {error!r}")
            return
        self.statuses[f"{name} {status}"] += 1
        if status not in expected | _BUSY:
            self._wrong(f"{name}: expected one of {sorted(expected)}, got {status}")

    @property
    def _works(self) -> dict[str, tuple[int, frozenset[int], Callable[[], Awaitable[int]]]]:
        """Name → how often in a hundred, the right statuses, and how."""
        found = frozenset({200})
        return {
            "popular": (30, found, self._popular),
            "new": (22, found, self._new),
            "conditional": (10, frozenset({200, 304}), self._conditional),
            "range": (6, frozenset({200, 206}), self._range),
            "animation": (3, found, self._animation),
            "drawing": (3, found, self._drawing),
            "leaving": (8, frozenset({0}), self._leave),
            "bad signature": (6, frozenset({403}), self._forged),
            "missing": (5, frozenset({404}), self._missing),
            "broken": (5, frozenset({200, 413, 415, 422}), self._broken),
            "purge": (2, found, self._purge),
        }

    async def _popular(self) -> int:
        width = self.random.choice((120, 240, 320))
        return await self._get(f"/w:{width}/plain/{self._photo(few=True)}@webp")

    async def _new(self) -> int:
        option = self.random.choice(_OPTIONS).format(self.random.randint(16, 600))
        ending = self.random.choices(("", "@webp", "@jpg", "@png", "@avif"), (5, 5, 5, 2, 1))[0]
        return await self._get(f"/{option}/plain/{self._photo()}{ending}")

    async def _conditional(self) -> int:
        path = f"/w:160/plain/{self._photo(few=True)}@jpg"
        return await self._get(path, {"if-none-match": self.tags.get(path, '"none"')})

    async def _range(self) -> int:
        first = self.random.randint(0, 500)
        path = f"/w:200/plain/{self._photo(few=True)}@jpg"
        return await self._get(path, {"range": f"bytes={first}-{first + 200}"})

    async def _animation(self) -> int:
        name = self.random.choice(list(self.world.sources.animations))
        kind = self.random.choice(("gif", "webp"))
        return await self._get(f"/w:{self.random.randint(20, 200)}/plain/{self._at(name)}@{kind}")

    async def _drawing(self) -> int:
        name = self.random.choice(list(self.world.sources.drawings))
        return await self._get(f"/w:{self.random.randint(20, 800)}/plain/{self._at(name)}@png")

    async def _forged(self) -> int:
        path = f"/{'A' * 43}/w:{self.random.randint(1, 900)}/plain/{self._photo()}"
        return (await self.client.get(path)).status_code

    async def _missing(self) -> int:
        return await self._get(f"/w:50/plain/{self._at(f'none-{self.random.randint(0, 10**9)}')}")

    async def _broken(self) -> int:
        name = self.random.choice(list(self.world.sources.broken))
        return await self._get(f"/w:{self.random.randint(20, 40)}/plain/{self._at(name)}@png")

    async def _purge(self) -> int:
        """Of a source mostly, now and then of everything at a place."""
        scope, name = "source", self._photo()
        if self.random.random() < 0.05:
            scope, name = "prefix", f"{self.random.choice(self.world.where)}/"
        url = f"http://127.0.0.1:{self.world.admin_port}/purge"
        return (await self.client.post(url, json={scope: name})).status_code

    async def _leave(self) -> int:
        """Asks for something new and breaks off, without waiting for the answer."""
        path = f"/w:{self.random.randint(16, 900)}/plain/{self._photo()}@webp"
        request = f"GET {self.world.signed(path)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
        loop = asyncio.get_running_loop()
        with socket.socket() as leaving:
            leaving.setblocking(False)
            if self.random.random() < 0.5:
                # With nothing to linger for, the kernel sends a reset.
                leaving.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await loop.sock_connect(leaving, ("127.0.0.1", self.world.port))
            await loop.sock_sendall(leaving, request[: self.random.randint(1, 2 * len(request))])
            await asyncio.sleep(self.random.uniform(0, _LEAVES_WITHIN))
        return 0

    async def _get(self, path: str, headers: dict[str, str] | None = None) -> int:
        accept = {"accept": self.random.choice(_ACCEPTS)}
        answer = await self.client.get(self.world.signed(path), headers=accept | (headers or {}))
        if answer.status_code == 200 and "if-none-match" in (headers or {}):
            self.tags[path] = answer.headers["etag"]
        return answer.status_code

    def _photo(self, *, few: bool = False) -> str:
        names = list(self.world.sources.photographs)
        return self._at(self.random.choice(names[:5] if few else names))

    def _at(self, name: str) -> str:
        return f"{self.random.choice(self.world.where)}/{name}"

    def _wrong(self, what: str) -> None:
        self.statuses["faults"] += 1
        if len(self.faults) < 10:
            self.faults.append(what)


def open_client(world: World) -> httpx.AsyncClient:
    # To load what is trusted takes memory and time, and there is no TLS here.
    return httpx.AsyncClient(
        base_url=f"http://127.0.0.1:{world.port}", timeout=_PATIENCE, trust_env=False, verify=False
    )
