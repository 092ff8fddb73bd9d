"""The pixel work of one result: its sources, of just the versions that are wanted, and a worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from cache.entry import Entry
from cache.pointer import Pointer
from origin.admission import Admission, is_dear
from origin.asked import Wanted
from origin.each import each
from origin.errors import WorkerCrashed
from origin.poison import Poisoned
from origin.sources.errors import SourceChanged, SourceTruncated
from origin.sources.source import Blob, Source, Version
from origin.workers import Workers
from transforms.encode import Encoded
from transforms.errors import TransformError
from transforms.limits import RequestedLimits


@dataclass(frozen=True, slots=True)
class Renderer:
    """max_src_bytes: of one source, unless the URL has a limit of its own."""

    sources: Source
    workers: Workers
    admission: Admission
    poisoned: Poisoned
    max_src_bytes: int

    async def render(
        self, wanted: Wanted, *, seconds: float, later: bool, started: Callable[[], None]
    ) -> Entry:
        """Overloaded if it would take longer than `seconds`, given what was admitted before.

        SourceChanged if a source is of another version by now, SourceKillsWorkers if it did so
        before; what `Workers.render` raises.
        """
        if later:
            # Nobody waits for it, and it takes no worker from anyone.
            return await self._render(wanted, dear=False, later=True, started=started)
        size = sum(pointer.size or 0 for pointer in wanted.pointers)
        cost = self.admission.costs.predict(wanted.asked.plan, wanted.pointers[0].size)
        began: list[float] = []

        def begun() -> None:
            began.append(time.perf_counter())
            started()

        with self.admission.admitted(cost, source_bytes=size, seconds=seconds):
            entry = await self._render(wanted, dear=is_dear(cost), later=False, started=begun)
        self.admission.costs.learn(cost, (time.perf_counter() - began[-1]) * 1000)
        return entry

    async def _render(
        self, wanted: Wanted, *, dear: bool, later: bool, started: Callable[[], None]
    ) -> Entry:
        plan = wanted.asked.plan
        max_bytes = plan.of(RequestedLimits).src_bytes or self.max_src_bytes
        versions = dict(zip(wanted.asked.references, map(_version, wanted.pointers), strict=True))
        # Of the source alone: a watermark that many pictures share must not be blamed for one.
        suspect = f"{plan.source} of version {versions[plan.source].validator}"
        self.poisoned.refuse(suspect)

        async def fetch(reference: str) -> Blob:
            return await self._fetch(reference, versions[reference], max_bytes)

        blobs = await each(wanted.asked.references, fetch)
        try:
            encoded = await self.workers.render(
                plan,
                blobs[plan.source].file,
                {asset: blobs[asset].file for asset in plan.assets},
                dear=dear,
                later=later,
                started=started,
            )
        except (TransformError, WorkerCrashed) as error:
            _refuse_changed(blobs)
            if isinstance(error, WorkerCrashed):
                self.poisoned.note(suspect)
            raise
        _refuse_changed(blobs)
        return _entry(encoded)

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
