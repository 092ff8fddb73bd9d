"""When to leave alone what keeps failing, and when to try it again."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half-open"]


class Breaker:
    """Closed lets all calls through. So many failures in a row open it, and after a pause one probe
    goes through: its success closes the breaker, its failure opens it for twice as long.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        pause: float = 1.0,
        longest_pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Pauses in seconds."""
        if failures < 1 or not 0 < pause <= longest_pause:
            raise ValueError(
                f"expected failures >= 1 and 0 < pause <= longest_pause,"
                f" got {failures}, {pause} and {longest_pause}"
            )
        self._failures = failures
        self._shortest_pause = pause
        self._longest_pause = longest_pause
        self._clock = clock
        self._state: State = "closed"
        self._in_a_row = 0
        self._pause = pause
        self._next_probe = 0.0

    @property
    def state(self) -> State:
        """Open until somebody asks to be let through, however long ago the pause ended."""
        return self._state

    def allows(self) -> bool:
        """Whether to call now. Who gets a yes tells how it ended, unless it was cancelled."""
        if self._state == "closed":
            return True
        now = self._clock()
        if now < self._next_probe:
            return False
        self._state = "half-open"
        # A probe that was cancelled never reports: another may go after as long a pause.
        self._next_probe = now + self._pause
        return True

    def succeeded(self) -> None:
        """A call came back well."""
        if self._state == "open":
            return  # begun before it opened
        self._state = "closed"
        self._in_a_row = 0
        self._pause = self._shortest_pause

    def failed(self) -> None:
        """A call failed."""
        if self._state == "open":
            return  # begun before it opened
        if self._state == "half-open":
            self._pause = min(self._pause * 2, self._longest_pause)
            self._open()
            return
        self._in_a_row += 1
        if self._in_a_row >= self._failures:
            self._open()

    def _open(self) -> None:
        self._state = "open"
        self._next_probe = self._clock() + self._pause
