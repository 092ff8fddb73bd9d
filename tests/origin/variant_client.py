"""A client that knows what it must get, and says so if anything else comes."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field

from tests.origin.live import signed
from tests.origin.variant_oracle import PLAIN, Accept, Wish
from tests.origin.variant_world import Answer, World

ALLOWED = ("https://a.example", "https://b.example")
"""Pages that may read answers."""


@dataclass
class Client:
    """Asks, and compares what comes with what must come."""

    world: World
    auto: tuple[str, ...]
    counts: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.time)
    named: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    latest: deque[str] = field(default_factory=lambda: deque(maxlen=5))
    """Entity tags, and the bytes and the type that they once stood for."""

    async def ask(
        self, wish: Wish, accept: Accept, *, etag: str = "", page: str = "", twice: bool = False
    ) -> Answer:
        world = self.world
        fields = [("accept", line) for line in accept.lines]
        fields += [("if-none-match", etag)] if etag else []
        fields += [("origin", page)] if page else []
        scope = world.scope(signed(wish.path(self.started)), fields)
        floor, begun = dict(world.history.seen), world.clock.tick()

        answer = await world.ask(scope)

        self._check(wish, accept, answer, floor, begun, etag)
        allowed = answer.headers.get("access-control-allow-origin")
        assert allowed == (page if page in ALLOWED else None)
        if twice and answer.fast:
            slow = await world.ask_slow(scope)
            assert (slow.status, slow.body) == (answer.status, answer.body)
            assert same(slow) == same(answer)
        return answer

    def _check(
        self,
        wish: Wish,
        accept: Accept,
        answer: Answer,
        floor: dict[str, int],
        begun: float,
        etag: str,
    ) -> None:
        history, ended = self.world.history, self.world.clock.now
        self.counts[f"{answer.status} {'fast' if answer.fast else 'slow'}"] += 1
        if wish.expires < 0:
            assert answer.status == 410
            return
        # A tag is of results: that there was nothing is known until the source is looked at again.
        tags = set() if answer.status == 404 else wish.tags
        possible = {
            reference: {
                number
                for number in history.possible(reference, begun, ended, tags)
                if number >= floor.get(reference, 0)
            }
            for reference in wish.references
        }
        if answer.status == 404:
            self._check_absence(wish, possible)
            return
        body, kind = answer.body, answer.headers.get("content-type", "")
        if answer.status == 304:
            assert (etag, body) == (answer.headers["etag"], b"")
            body, kind = self.named[etag]
        else:
            assert (answer.status, int(answer.headers["content-length"])) == (200, len(body))
            assert self.named.setdefault(answer.headers["etag"], (body, kind)) == (body, kind)
            self.latest.append(answer.headers["etag"])
            self._check_headers(wish, answer, kind)
        self._check_body(wish, accept, body, kind, possible)
        if not wish.format and self.auto:
            assert "Accept" in answer.headers["vary"]

    def _check_absence(self, wish: Wish, possible: dict[str, set[int]]) -> None:
        assert None in {
            self.world.history.states[reference][number].number
            for reference, numbers in possible.items()
            for number in numbers
        }, "; ".join(self.account(wish, reference) for reference in wish.references)

    def account(self, wish: Wish, reference: str) -> str:
        """What happened to a source lately, and when."""
        history, now = self.world.history, self.world.clock.now
        states = [
            (state.number, round(now - state.since, 6)) for state in history.states[reference]
        ]
        purges = [(name, round(now - at, 6)) for name, at in history.purges.items()]
        return f"{wish}, states {states[-4:]}, purges {purges}, seen {history.seen[reference]}"

    def _check_headers(self, wish: Wish, answer: Answer, kind: str) -> None:
        extension = {"image/jpeg": "jpg"}.get(kind, kind.removeprefix("image/"))
        assert answer.headers["content-disposition"] == wish.disposition(extension)
        _, *tags = answer.headers["cache-tag"].split(",")
        assert set(tags) == wish.tags
        ttl = 50 if "thumbs" in tags else 100 if "folder" in tags else 31_536_000
        max_age = int(answer.headers["cache-control"].split("max-age=")[1].split(",")[0])
        assert max_age == ttl if ttl <= 100 or not wish.expires else 0 < max_age <= wish.expires

    def _check_body(
        self, wish: Wish, accept: Accept, body: bytes, kind: str, possible: dict[str, set[int]]
    ) -> None:
        history, offers = self.world.history, accept.offers(self.auto)
        canonical, *pictures = body.decode().split("\n")
        assert canonical == wish.canonical(offers)
        for reference, picture in zip(wish.references, pictures, strict=True):
            fitting = {
                number
                for number in possible[reference]
                if history.states[reference][number].data(reference) == picture.encode()
            }
            account = self.account(wish, reference)
            assert fitting, f"{picture!r}, expected one of {possible[reference]}; {account}"
            history.seen[reference] = max(history.seen[reference], *fitting)
        allowed = (wish.format,) if wish.format else (*PLAIN, *offers)
        assert kind in {f"image/{name}" for name in allowed}


def same(answer: Answer) -> dict[str, str]:
    varying = ("age", "x-request-id", "cache-status", "date")
    return {name: value for name, value in answer.headers.items() if name not in varying}
