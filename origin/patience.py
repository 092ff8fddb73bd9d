"""How long clients are waited for, and what may be kept for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Patience:
    """idle, request, answer, linger: seconds; request: for the first to begin, for a
    head, and for a body behind it.

    floor: bytes a second that a client must take of its answer, on average over `answer` seconds.
    unsent_bytes: of all pictures together that clients are taking.
    """

    idle: float = 75  # longer than load balancers keep connections, so that they close them
    request: float = 10
    answer: float = 30
    linger: float = 2
    floor: int = 1024
    body_bytes: int = 1 << 20
    unsent_bytes: int = 512 << 20

    @property
    def look(self) -> float:
        """Seconds between two looks at what is due."""
        return min(1.0, min(self.idle, self.request, self.answer, self.linger) / 4)


# Bodies are for the application to refuse, in its own words.
WITH_OPERATORS: Final = Patience(request=60, body_bytes=16 << 20)
