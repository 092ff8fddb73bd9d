"""The pixel work of one result: its sources, of just the versions that are wanted, and a worker."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from cache.entry import Entry
from cache.pointer import Pointer
from origin.admission import Admission, is_dear, seconds_to_begin
from origin.asked import Wanted
from origin.costs import Cost
from origin.each import each
from origin.errors import WorkerCrashed
from origin.lanes import Lane
from origin.poison import Poisoned
from origin.sources.errors import SourceChanged, SourceTruncated
from origin.sources.source import Blob, Source, Version
from origin.stages import Stages
from origin.workers import Workers
from transforms.codecs import is_drawn
from transforms.encode import Encoded
from transforms.errors import TransformError
from transforms.limits import Limits, RequestedLimits
from transforms.plan import Plan


class _Beginning:
    """When a worker began, which it may do twice if the first one turns out to be dead."""

    def __init__(self, started: Callable[[], None]) -> None:
        self._started = started
        self.at: float | None = None

    def __call__(self) -> None:
        self.at = time.perf_counter()
        self._started()

    @property
    def ms(self) -> float:
        """Since then; 0 before."""
        return 0.0 if self.at is None else (time.perf_counter() - self.at) * 1000


@dataclass(frozen=True, slots=True)
class Renderer:
    """max_src_bytes: of one source, unless the URL has a limit of its own."""

    sources: Source
    workers: Workers
    admission: Admission
    poisoned: Poisoned
    max_src_bytes: int
    limits: Limits

    def has_time_for(self, wanted: Wanted) -> bool:
        """Whether a worker has nothing to do, and would not be kept for long by this."""
        return self.admission.idle and not is_dear(self._foresee(wanted))

    async def render(
        self,
        wanted: Wanted,
        *,
        seconds: float,
        later: bool,
        started: Callable[[], None],
        stages: Stages,
    ) -> Entry:
        """Overloaded if it would take longer than `seconds`, given what was admitted before.

        SourceChanged if a source is of another version by now, SourceKillsWorkers if it did so
        before; what `Workers.render` raises.
        """
        if later:
            # Nobody waits for it, and it takes no worker from anyone.
            return await self._render(wanted, Lane.LATER, math.inf, _Beginning(started), stages)
        most = self._most_bytes(wanted.asked.plan)
        cost = self._foresee(wanted)
        in_hand = sum(min(pointer.size or 0, most) for pointer in wanted.pointers)
        stages.foreseen_ms = cost.ms
        begun = _Beginning(started)
        last = asyncio.get_running_loop().time() + seconds_to_begin(cost.ms, seconds)

        with self.admission.admitted(cost, source_bytes=in_hand, seconds=seconds):
            lane = Lane.DEAR if is_dear(cost) else Lane.CHEAP
            try:
                entry = await self._render(wanted, lane, last, begun, stages)
            except asyncio.CancelledError:
                # At the deadline: it takes this long at least.
                if begun.at is not None and begun.ms > cost.ms:
                    self.admission.costs.learn(cost, begun.ms)
                raise
        self.admission.costs.learn(cost, begun.ms)
        return entry

    async def _render(
        self,
        wanted: Wanted,
        lane: Lane,
        begin_by: float,
        begun: _Beginning,
        stages: Stages,
    ) -> Entry:
        plan = wanted.asked.plan
        max_bytes = self._most_bytes(plan)
        versions = dict(zip(wanted.asked.references, map(_version, wanted.pointers), strict=True))
        # Of the source alone: a watermark that many pictures share must not be blamed for one.
        suspect = f"{plan.source} of version {versions[plan.source].validator}"
        self.poisoned.refuse(suspect)

        async def fetch(reference: str) -> Blob:
            return await self._fetch(reference, versions[reference], max_bytes)

        with stages.timing("fetch"):
            blobs = await each(wanted.asked.references, fetch)
        if lane is not Lane.LATER and any(is_drawn(blob.file.head) for blob in blobs.values()):
            lane = Lane.DRAWN
        try:
            encoded = await self.workers.render(
                plan,
                blobs[plan.source].file,
                {asset: blobs[asset].file for asset in plan.assets},
                lane=lane,
                limits=self.limits,
                begin_by=begin_by,
                started=begun,
                stages=stages,
            )
        except (TransformError, WorkerCrashed) as error:
            _refuse_changed(blobs)
            if isinstance(error, WorkerCrashed):
                self.poisoned.note(suspect)
            raise
        except asyncio.CancelledError:
            # Nothing but the deadline takes work from a worker, by killing it. What a photograph
            # takes depends on what is asked of it; a drawing would do the same again.
            if begun.at is not None and lane is Lane.DRAWN:
                self.poisoned.note(suspect)
            raise
        _refuse_changed(blobs)
        return _entry(encoded)

    def _foresee(self, wanted: Wanted) -> Cost:
        plan, size = wanted.asked.plan, wanted.pointers[0].size
        # More is never read: a source that is too large is refused, and must not look like load.
        most = self._most_bytes(plan)
        return self.admission.costs.predict(plan, None if size is None else min(size, most))

    def _most_bytes(self, plan: Plan) -> int:
        return plan.of(RequestedLimits).src_bytes or self.max_src_bytes

    async def _fetch(self, reference: str, version: Version, max_bytes: int) -> Blob:
        try:
            return await self.sources.fetch(reference, max_bytes=max_bytes, version=version)
        except SourceTruncated:
            return await self.sources.fetch(reference, max_bytes=max_bytes, version=version)


def _refuse_changed(blobs: dict[str, Blob]) -> None:
    """A file that was written to while it was read: whatever came of it is worth nothing."""
    for reference, blob in blobs.items():
        if blob.file.changed:
            raise SourceChanged(reference, expected=blob.version.validator)


def _version(pointer: Pointer) -> Version:
    return Version(str(pointer.validator), pointer.size, pointer.modified)


def _entry(encoded: Encoded) -> Entry:
    return Entry(
        body=encoded.data,
        media_type=encoded.media_type,
        extension=encoded.extension,
        width=encoded.width,
        height=encoded.height,
        frames=encoded.frames,
        source_width=encoded.source_width,
        source_height=encoded.source_height,
        chosen=encoded.chosen,
        created=time.time(),
    )
