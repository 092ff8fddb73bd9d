"""What came of a picture that was sent to the workers, and whether that is how it should be."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from origin.errors import OriginError
from origin.picture_file import sealed_picture
from origin.workers import Workers
from transforms.codecs import sniffed
from transforms.encode import Encoded
from transforms.errors import EngineError, TransformError
from transforms.plan import Plan

PICTURE, DEADLINE, WRONG = "picture", "Deadline", "wrong picture"
# What `origin.worker` says of this is the truth; every other EngineError hides another error.
_MEMORY = "out of memory"


@dataclass(frozen=True, slots=True)
class Outcome:
    """kind: `picture`, or the name of the error. right: an answer that a client is meant to get."""

    kind: str
    words: str
    right: bool
    seconds: float
    made: Encoded | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.words}" if self.words else self.kind


async def attempt(workers: Workers, plan: Plan, data: bytes, *, seconds: float) -> Outcome:
    """Never raises for what a picture did; the worker is killed after so many seconds."""
    began = time.perf_counter()
    kind, words, right, made = PICTURE, "", True, None
    try:
        async with asyncio.timeout(seconds):
            made = await workers.render(plan, sealed_picture(data), {})
        if words := flaw(made):
            kind, right = WRONG, False
    except TimeoutError:
        kind = DEADLINE
    except EngineError as error:
        kind, words, right = "EngineError", str(error), _MEMORY in str(error)
    except (TransformError, OriginError) as error:
        kind, words = type(error).__name__, str(error)
    except Exception as error:
        kind, words, right = f"untyped {type(error).__name__}", str(error), False
    return Outcome(kind, words, right, time.perf_counter() - began, made)


def flaw(made: Encoded) -> str:
    """What is wrong with a result, seen from its first bytes; nothing if it is as it says."""
    try:
        codec = sniffed(made.data)
    except TransformError:
        return f"said to be {made.media_type}, begins with {made.data[:16]!r}"
    if codec.media_type != made.media_type:
        return f"said to be {made.media_type}, looks like {codec.media_type}"
    return ""
