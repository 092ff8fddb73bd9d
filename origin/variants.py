"""From what is asked for to its result: kept already, being made by somebody, or made now."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from cache.entry import Entry
from cache.flight import Flight, Flights
from cache.pointers import Pointers
from cache.purges import Purges
from cache.tiers import Lookup, Tiers
from origin.afterwards import Afterwards
from origin.asked import Asked, Wanted, want
from origin.brownout import Degraded, Reason, refuse_dear
from origin.cache_status import CacheStatus
from origin.claims import Claim, Claims
from origin.each import each
from origin.errors import Deadline, Overloaded, RateLimited
from origin.metrics.meter import Meter
from origin.rate_limits import Visit, charge
from origin.rendering import Renderer
from origin.sources.errors import SourceBusy, SourceChanged, SourceNotFound, SourceTooLarge
from origin.stages import Stages
from origin.variant_guard import VariantBudget
from transforms.errors import EngineError, TransformError

# A source that changes as often as this while it is read is being written.
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Made:
    """tier: where it was found; None if it was made. missed: those that were asked in vain."""

    entry: Entry
    tier: str | None
    missed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A result, and how it was come by. wanted: of the versions that it really is of.

    tier: where it was; None if it was made, collapsed: because others asked for it.
    """

    wanted: Wanted
    entry: Entry
    status: CacheStatus
    tier: str | None
    collapsed: bool = False
    degraded: Reason | None = None

    @property
    def kept(self) -> bool:
        return self.tier is not None


@dataclass(frozen=True, slots=True)
class Variants:
    """timeout: seconds for one render, everything included. most_avif_ms: of a worker's time, for
    an AVIF that a client is to wait for although it would take something else.
    """

    renderer: Renderer
    tiers: Tiers
    pointers: Pointers
    purges: Purges
    flights: Flights[str, Made]
    claims: Claims
    afterwards: Afterwards
    timeout: float
    most_avif_ms: float
    budget: VariantBudget | None = None
    meter: Meter = field(default_factory=Meter)

    async def identify(self, asked: Asked) -> Wanted:
        """Which result that is now; SourceNotFound, or why a source cannot be looked at."""
        found = await each(asked.references, self.pointers.get)
        for reference, pointer in found.items():
            if pointer.validator is None:
                raise SourceNotFound(f"{reference}: expected a source, there was none just now")
        return want(asked, [found[reference] for reference in asked.references], self.purges)

    def identify_known(self, asked: Asked, last: Wanted | None) -> Wanted | None:
        """The same without waiting for anything; None if a source must be looked at.

        `last` is what was identified last time, and is given again if nothing changed.
        """
        pointers = []
        for reference in asked.references:
            pointer = self.pointers.peek(reference)
            if pointer is None or pointer.validator is None:
                return None
            pointers.append(pointer)
        if last is not None and last.is_of(pointers, self.purges):
            return last
        return want(asked, pointers, self.purges)

    def refuse_late(self, asked: Asked) -> None:
        """Overloaded if nobody has this, and there is no time to make it; without any I/O."""
        if not self.renderer.admission.queues:
            return
        wanted = self.identify_known(asked, None)
        if wanted is None:
            hopeless = not self.pointers.knows(asked.plan.source)
        else:
            among = asked.policy.results
            farther = set(self.tiers.names) - {"memory"}
            hopeless = (
                not (farther if among is None else farther & among)
                and not self.flights.is_aloft(wanted.key)
                and self.tiers.peek(wanted.key, among=among) is None
            )
        if hopeless:
            self.renderer.admission.refuse_late(self.timeout)

    async def find(
        self,
        wanted: Wanted,
        *,
        later: bool = False,
        visit: Visit | None = None,
        stages: Stages | None = None,
    ) -> Found:
        """The result; of newer versions of its sources if they changed meanwhile.

        `later` lets every other request go first. `visit`: who may have to pay for it;
        RateLimited if they cannot, nor anybody else who waits for the same. `stages`: told what
        takes how long, if it is done for this call.
        """
        stages = self.meter.stopwatch() if stages is None else stages
        for _ in range(_TRIES):
            try:
                return await self._find(wanted, stages, later=later, visit=visit)
            except Degraded as degraded:
                found = await self._find(degraded.instead, stages, later=later, visit=visit)
                # Only then: who is refused must not have even that made for them.
                self._make_later(wanted)
                return replace(found, degraded=degraded.reason)
            except SourceChanged:
                for reference in wanted.asked.references:
                    self.pointers.forget(reference)
                wanted = await self.identify(wanted.asked)
        return await self._find(wanted, stages, later=later, visit=visit)

    def _make_later(self, wanted: Wanted) -> None:
        """When there is nothing else to do; once, however many ask."""

        async def make() -> None:
            # It failed for nobody: whoever asks again will be told why.
            with contextlib.suppress(Exception):
                await self._find(wanted, self.meter.stopwatch(), later=True)

        if not self.flights.is_aloft(f"later {wanted.key}"):
            self.afterwards.begin(make())

    async def _find(
        self, wanted: Wanted, stages: Stages, *, later: bool, visit: Visit | None = None
    ) -> Found:
        entry = self.tiers.peek(wanted.key, among=wanted.asked.policy.results)
        if entry is not None:
            return Found(wanted, entry, CacheStatus.of_hit("memory", ()), "memory")

        async def make(flight: Flight) -> Made:
            return await self._find_or_make(wanted, flight, stages, later=later)

        # Who can wait flies apart, or those who cannot would wait with him.
        name = f"later {wanted.key}" if later else wanted.key
        made, collapsed = await self._fly(name, make, visit)
        if made.tier is not None:
            return Found(wanted, made.entry, CacheStatus.of_hit(made.tier, made.missed), made.tier)
        status = CacheStatus.of_miss(made.missed, made.missed, collapsed=collapsed)
        return Found(wanted, made.entry, status, None, collapsed)

    async def _fly(
        self, name: str, make: Callable[[Flight], Awaitable[Made]], visit: Visit | None
    ) -> tuple[Made, bool]:
        for _ in range(_TRIES):
            try:
                return await self.flights.run(name, make, guest=visit)
            except RateLimited:
                # Who came when all others had been refused was not asked, and may well pay.
                if visit is not None and visit.refusal is not None:
                    raise visit.refused() from None
        return await self.flights.run(name, make, guest=visit)

    async def _find_or_make(
        self, wanted: Wanted, flight: Flight, stages: Stages, *, later: bool
    ) -> Made:
        """For all who ask at the same time: even a look into a tier is done once."""
        end = asyncio.get_running_loop().time() + self.timeout

        def ahead() -> bool:
            return self.renderer.has_time_for(wanted)

        try:
            # Without a name: it knows the task, which knows how it was cancelled. In that circle
            # the sources of this frame would stay open for long.
            async with asyncio.timeout_at(end):
                with stages.timing("look"):
                    claim = await self.claims.search(wanted, later=later, ahead=ahead)
                stored = None
                try:
                    made = _found(claim.lookup) or await self._make(
                        wanted, claim, flight, stages, later=later, end=end
                    )
                    if made.tier is None:
                        policy = wanted.asked.policy
                        with stages.timing("store"):
                            stored = await self.tiers.put(
                                wanted.key, made.entry, among=policy.results, ttl=policy.keep
                            )
                    return made
                finally:
                    self.claims.give_back(claim.lease, stored)
        except TimeoutError:
            pass  # for the same reason nothing is raised from within: it would keep this one
        raise Deadline(f"not done within {self.timeout:g} s (SAFELIGHT_TIMEOUT)")

    async def _make(
        self,
        wanted: Wanted,
        claim: Claim,
        flight: Flight,
        stages: Stages,
        *,
        later: bool,
        end: float,
    ) -> Made:
        """By a worker, or found in the last tiers while one was at it."""

        async def make() -> Made:
            entry = await self._render(wanted, flight, stages, later=later, end=end)
            return Made(entry, None, claim.lookup.missed)

        async def look() -> Made | None:
            return _found(await self.claims.look(wanted, claim.unasked))

        if not claim.unasked:
            return await make()
        return await self.claims.head_start.run(
            make(), look, begun=lambda: flight.committed, end=end
        )

    async def _render(
        self, wanted: Wanted, flight: Flight, stages: Stages, *, later: bool, end: float
    ) -> Entry:
        """For whoever may have it made."""
        if not later:
            refuse_dear(wanted, self.renderer.admission, self.purges, most_ms=self.most_avif_ms)
        await charge(flight.guests)
        if self.budget is not None and not later:
            self.budget.spend(wanted.asked.plan.source, wanted.asked.canonical)
        return await self.renderer.render(
            wanted,
            seconds=end - asyncio.get_running_loop().time(),
            later=later,
            started=flight.commit,
            stages=stages,
        )


def _found(lookup: Lookup) -> Made | None:
    if lookup.entry is None:
        return None
    return Made(lookup.entry, lookup.tier, lookup.missed)


def failure_seconds(error: Exception, *, negative_ttl: float) -> float:
    """How long all who ask for the same are told the same, without another try."""
    if isinstance(error, SourceChanged | SourceBusy | Overloaded | RateLimited | Degraded):
        return 0.0
    lasting = isinstance(error, TransformError) and not isinstance(error, EngineError)
    return negative_ttl if lasting or isinstance(error, SourceTooLarge) else 1.0
