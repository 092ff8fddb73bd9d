"""The source of a plan and the other pictures that it needs: their versions, then their bytes."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio

from origin.picture_file import PictureFile
from origin.settings import Settings
from origin.sources.errors import SourceChanged, SourceError, SourceTruncated
from origin.sources.source import Blob, Source, Version
from transforms.limits import RequestedLimits
from transforms.plan import Plan


@dataclass(frozen=True, slots=True)
class Ingredients:
    """versions: the plan's source first, then its assets, in the plan's order."""

    versions: tuple[Version, ...]
    file: PictureFile | None = None
    assets: Mapping[str, PictureFile] = field(default_factory=dict)

    @property
    def validators(self) -> tuple[str, ...]:
        return tuple(version.validator for version in self.versions)

    @property
    def modified(self) -> float | None:
        """The latest change of any of them; None if one does not say."""
        times = [version.modified for version in self.versions]
        return None if None in times else max(time for time in times if time is not None)


async def stat_all(plan: Plan, sources: Source) -> Ingredients:
    references = (plan.source, *plan.assets)
    found: dict[str, Version] = {}

    async def one(reference: str) -> None:
        found[reference] = await sources.stat(reference)

    await _each(references, one)
    return Ingredients(tuple(found[reference] for reference in references))


async def fetch_all(
    plan: Plan, sources: Source, settings: Settings, known: Ingredients | None = None
) -> Ingredients:
    """All bytes; of just the `known` versions, unless one changed in between: then of the new."""
    references = (plan.source, *plan.assets)
    max_bytes = plan.of(RequestedLimits).src_bytes or int(settings.max_src_mb * 2**20)
    expected = dict(zip(references, known.versions, strict=True)) if known else {}
    found: dict[str, Blob] = {}

    async def one(reference: str) -> None:
        version = expected.get(reference)
        try:
            blob = await sources.fetch(reference, max_bytes=max_bytes, version=version)
        except (SourceChanged, SourceTruncated):
            blob = await sources.fetch(reference, max_bytes=max_bytes)
        found[reference] = blob

    await _each(references, one)
    return Ingredients(
        tuple(found[reference].version for reference in references),
        found[plan.source].file,
        {reference: found[reference].file for reference in plan.assets},
    )


async def _each(
    references: tuple[str, ...], work: Callable[[str], Coroutine[Any, Any, None]]
) -> None:
    """All at once; the first failure is raised as itself."""
    if len(references) == 1:
        await work(references[0])
        return
    try:
        async with anyio.create_task_group() as tasks:
            for reference in references:
                tasks.start_soon(work, reference)
    except BaseExceptionGroup as group:
        # Those that failed for their source; anything else is raised as it is.
        failures, others = group.split(SourceError)
        if failures is None or others is not None:
            raise
        raise next(_leaves(failures)) from None


def _leaves(group: BaseExceptionGroup[SourceError]) -> Iterator[SourceError]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
