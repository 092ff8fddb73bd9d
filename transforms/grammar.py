"""From a field's type to how its value is read and written.

A dataclass field is its own grammar: `sigma: Annotated[float, Range(0, 100)]` says which words
are numbers, which bounds hold and what an error must tell. `Kind` is that, worked out once.
"""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Protocol, Self, Union, get_args, get_origin
from urllib.parse import quote, unquote

from transforms.colour import Colour
from transforms.numbers import read_number

_INT = re.compile(r"[+-]?\d+", re.ASCII)
_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))


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
        return f"{_plain(self.low)}..{_plain(self.high)}"


@dataclass(frozen=True, slots=True)
class Multiple:
    """An integer that this divides."""

    of: int


@dataclass(frozen=True, slots=True)
class OneOf:
    """Text that is one of these words."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Follows:
    """A field that, left out, takes the value given to another: `"resize.gravity"`."""

    field: str


@dataclass(frozen=True, slots=True)
class Kind:
    """How one field's value is read and written.

    `read` takes as many of the words as it needs and says how many; it raises ValueError, whose
    text may add a reason to `expects`. `check` raises ValueError for a value out of bounds.
    Values that `adds_up` are joined to what was given before, others take its place.
    """

    expects: str
    read: Callable[[Sequence[str]], tuple[Any, int]]
    write: Callable[[Any], str]
    check: Callable[[Any], None]
    most_words: int = 1
    adds_up: bool = False


class Compound(Protocol):
    """A value written in several words; `str` joins them with colons."""

    expects: ClassVar[str]
    most_words: ClassVar[int]
    adds_up: ClassVar[bool]

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Self: ...


def kind_of(annotation: object) -> tuple[Kind, Follows | None]:
    """The grammar of a type, and the field that it follows, if any."""
    notes: tuple[object, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        notes = tuple(rest)
    follows = next((note for note in notes if isinstance(note, Follows)), None)
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        kind, _ = kind_of(Annotated[inner[0], *notes] if notes else inner[0])
        return _optional(kind), follows
    return _kind(annotation, notes), follows


def _kind(annotation: Any, notes: tuple[object, ...]) -> Kind:
    bounds = next((note for note in notes if isinstance(note, Range)), None)
    if annotation is bool:
        return Kind("1, t, true, 0, f or false", _one(_read_bool), _write_bool, _is(bool))
    if annotation is int:
        multiple = next((note.of for note in notes if isinstance(note, Multiple)), 1)
        return _number(_read_int, bounds or Range(0, 1e6), "a whole number", multiple)
    if annotation is float:
        return _number(_read_float, bounds or Range(0, 1e6), "a number", None)
    words = next((note.words for note in notes if isinstance(note, OneOf)), None)
    if words:
        return _choice(words)
    if annotation is str:
        return Kind("text", _one(str), lambda value: quote(value, safe=""), _is(str))
    if annotation is Colour:
        return Kind(Colour.expects, _one(Colour.read), str, _is(Colour))
    if isinstance(annotation, type) and hasattr(annotation, "read_words"):
        return _compound(annotation)
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return _choice(tuple(annotation), annotation)
    if get_origin(annotation) is tuple:
        return _listed(_kind(get_args(annotation)[0], notes))
    raise TypeError(f"no grammar for fields of type {annotation!r}")


def _number(read: Callable[[str], float], bounds: Range, noun: str, multiple: int | None) -> Kind:
    expects = f"{noun} {'in ' if not bounds.above else ''}{bounds}"
    if multiple is not None and multiple > 1:
        expects = f"a multiple of {multiple} in {bounds}"

    def check(value: Any) -> None:
        wrong_type = isinstance(value, bool) or not isinstance(value, (int, float))
        if wrong_type or not math.isfinite(value) or not bounds.holds(value):
            raise ValueError
        if multiple is not None and value % multiple:
            raise ValueError

    return Kind(expects, _one(read), repr, check)


def _choice(values: tuple[str, ...], enum: Callable[[str], str] = str) -> Kind:
    def read(word: str) -> str:
        value = enum(word)
        if value not in values:
            raise ValueError(word)
        return value

    def check(value: Any) -> None:
        if value not in values:
            raise ValueError

    return Kind("one of " + ", ".join(str(value) for value in values), _one(read), str, check)


def _listed(item: Kind) -> Kind:
    """Any number of items, one word each; what is given later is added."""

    def read(words: Sequence[str]) -> tuple[tuple[Any, ...], int]:
        return tuple(item.read([word])[0] for word in words), len(words)

    def check(value: Any) -> None:
        for one in value:
            item.check(one)

    return Kind(
        f"a list, each {item.expects}",
        read,
        lambda value: ":".join(item.write(one) for one in value),
        check,
        most_words=64,
        adds_up=True,
    )


def _optional(kind: Kind) -> Kind:
    def check(value: Any) -> None:
        if value is not None:
            kind.check(value)

    return replace(kind, check=check)


def _compound(cls: type[Compound]) -> Kind:
    def read(words: Sequence[str]) -> tuple[Any, int]:
        taken = words[: cls.most_words]
        return cls.read_words(taken), len(taken)

    return Kind(cls.expects, read, str, _is(cls), cls.most_words, cls.adds_up)


def _one(read: Callable[[str], Any]) -> Callable[[Sequence[str]], tuple[Any, int]]:
    return lambda words: (read(words[0]), 1)


def _is(cls: type) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not isinstance(value, cls):
            raise ValueError

    return check


def _read_bool(word: str) -> bool:
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError(word)


def _write_bool(value: bool) -> str:
    return "1" if value else "0"


def _read_int(word: str) -> int:
    if len(word) > 20 or not _INT.fullmatch(word):
        raise ValueError(word)
    return int(word)


def _read_float(word: str) -> float:
    return read_number(word, -math.inf, math.inf)


def read_text(word: str) -> str:
    """Undoes the percent-encoding that `Kind.write` gives to text."""
    return unquote(word, errors="strict")
