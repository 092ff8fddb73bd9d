"""What a field's annotation may say of its value, beside the type.

A dataclass field is its own grammar: `sigma: Annotated[float, Range(0, 100)]` says which words
are numbers, which bounds hold and what an error must tell. `kinds` makes readers of that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self


def _plain(bound: float) -> str:
    return str(int(bound)) if bound == int(bound) else repr(bound)


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included unless `above`: then the low one is not."""

    low: float
    high: float
    above: bool = False

    def holds(self, value: float) -> bool:
        return (self.low < value if self.above else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        if self.above:
            return f"above {_plain(self.low)} and up to {_plain(self.high)}"
        return f"in {_plain(self.low)}..{_plain(self.high)}"


@dataclass(frozen=True, slots=True)
class Multiple:
    """An integer that this divides."""

    of: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text that is one of these words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A number that may be written as one of these words."""

    numbers: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Without:
    """A compound value that does not begin with this word."""

    word: str


@dataclass(frozen=True, slots=True)
class Follows:
    """A field that, left out, takes the value given to another: `"resize.gravity"`."""

    field: str


class Compound(Protocol):
    """A value written in several words; `str` joins them with colons."""

    expects: ClassVar[str]
    most_words: ClassVar[int]
    adds_up: ClassVar[bool]

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Self: ...
