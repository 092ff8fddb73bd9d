"""From a field's type to how its value is read and written."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from urllib.parse import quote, unquote

from transforms.colour import Colour
from transforms.grammar import Compound, Follows, Multiple, Named, OneOf, Range, Without
from transforms.numbers import read_number, read_whole, within

_TRUE = frozenset(("1", "t", "T", "TRUE", "true", "True"))
_FALSE = frozenset(("0", "f", "F", "FALSE", "false", "False"))
_BOOL = "1, t, true, 0, f or false"

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Kind:
    """How one field's value is read and written.

    `read` takes as many of the words as it needs and says how many; it raises ValueError, whose
    text may add a reason to `expects`. `check` raises ValueError for a value of a wrong type or
    out of bounds and gives the one to keep: equal values must be written alike.
    With `join` a value is joined to what was given before, else it takes its place.
    """

    expects: str
    read: Callable[[Sequence[str]], tuple[Any, int]]
    write: Callable[[Any], str]
    check: Callable[[Any], Any]
    most_words: int = 1
    join: Callable[[Any, Any], Any] | None = None


def kind_of(annotation: object) -> tuple[Kind, Follows | None]:
    """The grammar of a type, and the field that it follows, if any."""
    notes: tuple[object, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        notes = tuple(rest)
    follows = _note(Follows, notes)
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not type(None)]
        kind, _ = kind_of(Annotated[inner[0], *notes] if notes else inner[0])
        return _optional(kind), follows
    return _kind(annotation, notes), follows


def _note(kind: type[N], notes: tuple[object, ...]) -> N | None:
    return next((note for note in notes if isinstance(note, kind)), None)


def _kind(annotation: Any, notes: tuple[object, ...]) -> Kind:
    bounds = _note(Range, notes) or Range(0, 1e6)
    if annotation is bool:
        return Kind(_BOOL, _one(read_bool), _write_bool, _is(bool))
    if annotation is int:
        return _whole(bounds, (_note(Multiple, notes) or Multiple(1)).of)
    if annotation is float:
        return _number(bounds, (_note(Named, notes) or Named({})).numbers)
    if choice := _note(OneOf, notes):
        return _choice(choice.words)
    if annotation is str:
        return Kind("text", _one(str), lambda value: quote(value, safe=""), _encodable)
    if annotation is Colour:
        return Kind(Colour.expects, _one(Colour.read), str, _is(Colour))
    if isinstance(annotation, type) and hasattr(annotation, "read_words"):
        return _compound(annotation, _note(Without, notes))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return replace(_choice(tuple(annotation), annotation), check=_is(annotation))
    if get_origin(annotation) is tuple:
        return _listed(_kind(get_args(annotation)[0], notes))
    if get_origin(annotation) is frozenset:
        return _any_of(_kind(get_args(annotation)[0], notes))
    raise TypeError(f"no grammar for fields of type {annotation!r}")


def _whole(bounds: Range, multiple: int) -> Kind:
    noun = f"a multiple of {multiple}" if multiple > 1 else "a whole number"

    def check(value: Any) -> Any:
        if type(value) is not int or not bounds.holds(value) or value % multiple:
            raise ValueError
        return value

    return Kind(f"{noun} {bounds}", _one(read_whole), repr, check)


def _number(bounds: Range, named: Mapping[str, float]) -> Kind:
    def read(word: str) -> float:
        return named[word] if word in named else read_number(word)

    def check(value: Any) -> Any:
        if type(value) not in (int, float) or not bounds.holds(value):
            raise ValueError
        return within(value, bounds.low, bounds.high)

    expects = f"a number {bounds}" + (f", or {', '.join(named)}" if named else "")
    return Kind(expects, _one(read), repr, check)


def _choice(values: tuple[str, ...], enum: Callable[[str], str] = str) -> Kind:
    def check(value: Any) -> Any:
        if value not in values:
            raise ValueError
        return value

    def read(word: str) -> str:
        try:
            return enum(word)
        except ValueError:
            raise ValueError from None

    return Kind("one of " + ", ".join(str(value) for value in values), _one(read), str, check)


def _listed(item: Kind) -> Kind:
    """Any number of items, one word each; what is given later is added."""

    def read(words: Sequence[str]) -> tuple[tuple[Any, ...], int]:
        return tuple(item.read([word])[0] for word in words), len(words)

    return Kind(
        f"a list, each {item.expects}",
        read,
        lambda value: ":".join(item.write(one) for one in value),
        lambda value: tuple(item.check(one) for one in value),
        most_words=64,
        join=operator.add,
    )


def _any_of(item: Kind) -> Kind:
    """As a list, but neither order nor repetition means anything."""
    listed = _listed(item)

    def read(words: Sequence[str]) -> tuple[frozenset[Any], int]:
        values, used = listed.read(words)
        return frozenset(values), used

    return replace(
        listed,
        read=read,
        write=lambda value: listed.write(sorted(value)),
        check=lambda value: frozenset(listed.check(value)),
        join=operator.or_,
    )


def _optional(kind: Kind) -> Kind:
    return replace(kind, check=lambda value: None if value is None else kind.check(value))


def _compound(cls: type[Compound], without: Without | None) -> Kind:
    right_type = _is(cls)

    def read(words: Sequence[str]) -> tuple[Any, int]:
        taken = words[: cls.most_words]
        return cls.read_words(taken), len(taken)

    def check(value: Any) -> Any:
        if without and str(right_type(value)).partition(":")[0] == without.word:
            raise ValueError
        return right_type(value)

    expects = f"{cls.expects} (here not {without.word})" if without else cls.expects
    return Kind(expects, read, str, check, cls.most_words, operator.add if cls.adds_up else None)


def _one(read: Callable[[str], Any]) -> Callable[[Sequence[str]], tuple[Any, int]]:
    return lambda words: (read(words[0]), 1)


def _is(cls: type) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, cls):
            raise ValueError
        return value

    return check


def _encodable(value: Any) -> Any:
    """Text without lone surrogates, so that it can be written."""
    if not isinstance(value, str):
        raise ValueError
    value.encode()
    return value


def read_bool(word: str) -> bool:
    """imgproxy takes any other word for false; here it is a ValueError."""
    if word not in _TRUE and word not in _FALSE:
        raise ValueError(f"not {_BOOL}")
    return word in _TRUE


def _write_bool(value: bool) -> str:
    return "1" if value else "0"


def read_text(word: str) -> str:
    """Undoes the percent-encoding that `Kind.write` gives to text."""
    try:
        return unquote(word, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("its percent-escapes are not UTF-8") from None


def at_most(count: int, words: Sequence[str]) -> Sequence[str]:
    """The words, if there are not too many; for an irregular spelling."""
    if len(words) > count:
        raise ValueError(f"expected at most {count} arguments")
    return words
