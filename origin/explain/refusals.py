"""Why a request would not be answered with a picture: every reason, not the first alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from origin.errors import ANSWERS, answer_to

Facts = dict[str, Any]
"""What goes out as JSON."""

_KNOWN = tuple(ANSWERS)


@contextmanager
def noting(refusals: list[Facts]) -> Iterator[None]:
    """An error in the block that a client would be told of is noted."""
    try:
        yield
    except _KNOWN as error:
        answer = answer_to(error)
        refusals.append({"status": answer.status, "code": answer.code, "why": str(error)})
