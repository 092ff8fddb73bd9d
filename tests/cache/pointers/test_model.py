"""Whatever happens in whatever order: nothing is served that was replaced too long ago."""

from __future__ import annotations

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from cache.pointer import Pointer
from cache.pointers import Pointers
from cache.purges import Purge, Purges
from tests.cache.pointers.looking import DEADLINE_SECONDS, NEGATIVE_TTL, TTL, Clock, Gallery

NAMES = ["local:///a/1.jpg", "local:///a/2.jpg", "local:///b.jpg"]
REFERENCES = st.sampled_from(NAMES)
PREFIXES = st.sampled_from(["", "local:///a/", "local:///b"])
STEPS = st.sampled_from([0.001, 1.0, NEGATIVE_TTL, TTL / 2, TTL - 1, TTL, 10 * TTL])


class Overwriting(RuleBasedStateMachine):
    """The model: when each version of each source was replaced, and when it was purged."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.clock, self.purges = Clock(), Purges()
        self.gallery = Gallery(self.clock)
        self.pointers = Pointers(
            self.gallery.look,
            ttl=TTL,
            negative_ttl=NEGATIVE_TTL,
            purges=self.purges,
            patience=DEADLINE_SECONDS,
            most=2,
            most_behind=1,
            clock=self.clock,
        )
        self.count = 0
        self.replaced: dict[tuple[str, str | None], float] = {}
        self.purged: dict[str, float] = {}

    @rule(reference=REFERENCES, removed=st.booleans())
    def overwrite(self, reference: str, removed: bool) -> None:
        self.count += 1
        self.replaced[reference, self.gallery.versions.get(reference)] = self.clock.now
        self.gallery.versions.pop(reference, None)
        if not removed:
            self.gallery.versions[reference] = str(self.count)

    @rule(seconds=STEPS)
    def wait(self, seconds: float) -> None:
        self.clock.now += seconds

    @rule(prefix=PREFIXES)
    def purge(self, prefix: str) -> None:
        self.purges.apply(Purge("prefix", prefix, self.purges.next_at(self.clock.now)))
        covered = [name for name in NAMES if name.startswith(prefix)]
        self.purged |= dict.fromkeys(covered, self.clock.now)

    @rule(reference=REFERENCES)
    def get(self, reference: str) -> None:
        self._check(reference, self.runner.run(self.pointers.get(reference)))

    @rule(reference=REFERENCES)
    def peek(self, reference: str) -> None:
        pointer = self.pointers.peek(reference)
        if pointer is not None:
            self._check(reference, pointer)

    @rule(reference=REFERENCES)
    def forget(self, reference: str) -> None:
        self.pointers.forget(reference)

    @rule(reference=REFERENCES)
    def fetch(self, reference: str) -> None:
        version = self.gallery.versions.get(reference)
        self.pointers.note(reference, Pointer(version, None, None, None, self.clock.now))

    @rule()
    def let_looks_behind_end(self) -> None:
        self.runner.run(asyncio.sleep(0.002))

    def _check(self, reference: str, pointer: Pointer) -> None:
        if pointer.validator == self.gallery.versions.get(reference):
            return
        replaced = self.replaced[reference, pointer.validator]
        assert self.clock.now - replaced < (NEGATIVE_TTL if pointer.validator is None else TTL)
        assert replaced >= self.purged.get(reference, 0.0)

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.runner.run(self.pointers.close())
            self.runner.close()


TestOverwriting = Overwriting.TestCase
TestOverwriting.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
