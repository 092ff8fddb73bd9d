"""One render to see how it goes: after everybody else's, and kept nowhere."""

from __future__ import annotations

import asyncio

from cache.entry import Entry
from origin.asked import Wanted
from origin.errors import Deadline
from origin.explain.refusals import Facts
from origin.rendering import Renderer
from origin.respond import picture_headers
from origin.stages import Stages


async def try_render(wanted: Wanted, renderer: Renderer, *, seconds: float) -> Facts:
    """What came of it, and how long each stage took; any error that a request may get."""
    # Not the server's own: who watches its times wants those of visitors.
    stages = Stages()
    began = stages.now()
    entry: Entry | None = None
    try:
        async with asyncio.timeout(seconds):
            entry = await renderer.render(
                wanted, seconds=seconds, later=True, started=lambda: None, stages=stages
            )
    except TimeoutError:
        pass
    if entry is None:
        raise Deadline(
            f"not done within {seconds:g} s (SAFELIGHT_TIMEOUT), reached {', '.join(stages.ms)}"
        )
    return {
        "ms": round((stages.now() - began) * 1000, 2),
        "stages_ms": stages.ms,
        "media_type": entry.media_type,
        "bytes": len(entry.body),
        "width": entry.width,
        "height": entry.height,
        "frames": entry.frames,
        "source_width": entry.source_width,
        "source_height": entry.source_height,
        "chosen": entry.chosen,
        "headers": picture_headers(entry, wanted.asked.plan),
    }
