"""Sources that end every worker that looks at them: each death costs others their worker."""

from __future__ import annotations

import time
from collections.abc import Callable

from cachetools import TTLCache

from origin.errors import SourceKillsWorkers

_DEATHS = 2
_SECONDS = 3600.0
# Of one key each: some megabytes at most.
_MOST = 10_000


class Poisoned:
    """Deaths by source and version: a new version is a new chance."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._deaths: TTLCache[str, int] = TTLCache(_MOST, _SECONDS, timer=clock)

    def note(self, key: str) -> None:
        """A worker died of it."""
        self._deaths[key] = self._deaths.get(key, 0) + 1

    def refuse(self, key: str) -> None:
        """SourceKillsWorkers for an hour after the second death."""
        deaths = self._deaths.get(key, 0)
        if deaths >= _DEATHS:
            raise SourceKillsWorkers(
                f"{key}: {deaths} workers died of it, it is refused for {_SECONDS / 60:.0f} minutes"
            )
