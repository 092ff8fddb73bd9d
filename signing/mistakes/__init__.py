"""The classic ways to sign wrongly, each as something to try and the words to say if it fits.

Four independent choices go into a signed URL, and each function here yields the ways to make one of
them; the right way comes first and carries no hint.

    spelling.places, readings   where the signature stands, and how its bytes are written
    text.texts                  what is signed
    keying.pairings             with which key and salt
    keying.COMPUTATIONS         by which computation
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Guess(Generic[T]):
    """One way to make a choice, and the mistakes it takes; none if it is the right one."""

    value: T
    hints: tuple[str, ...] = ()
