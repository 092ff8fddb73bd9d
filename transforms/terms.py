"""Groups of settings that a URL may set: what operations, codecs and outputs have in common.

A group is a frozen dataclass whose fields are its grammar. `canonical()` and `read_canonical`
are inverses. A dialect never names a group: it looks words up and gets the group that owns them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, Literal, Self, TypeVar, dataclass_transform, get_type_hints

from transforms.errors import PlanError
from transforms.kinds import Kind, kind_of, read_text

_CALL = re.compile(r"([a-z_]+)\(([^()]*)\)")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How a dialect writes (some of) a group's fields.

    fields:  in the order of the arguments; `group.field` names another group's.
    arrange: for an irregular form: arguments -> {field: its words}; no words unset the field;
             `fields` then only tell what it is about.
             Raises ValueError with a reason.
    blank:   an empty argument is skipped or refused; by default skipped where there are several.
    """

    dialect: str
    words: tuple[str, ...]
    fields: tuple[str, ...] = ()
    arrange: Callable[[Sequence[str]], dict[str, Sequence[str]]] | None = None
    blank: Literal["skip", "refuse"] | None = None

    @property
    def skips_blanks(self) -> bool:
        return (self.blank or ("skip" if len(self.fields) > 1 else "refuse")) == "skip"


def shown(came: object) -> str:
    """What came, as an error may repeat it."""
    text = str(came)
    return text if len(text) <= 60 else text[:60] + "…"


@dataclass(frozen=True, slots=True)
class FieldGrammar:
    name: str
    kind: Kind
    follows: str | None
    default: Any

    def fail(self, where: str, came: object, reason: object = "") -> PlanError:
        place = where if where == self.name else f"{where}: {self.name}"
        because = f": {reason}" if str(reason) else ""
        return PlanError(f'{place}: expected {self.kind.expects}, got "{shown(came)}"{because}')


class Terms:
    """A group of settings. Subclasses are made by `@terms` or `@operation`."""

    __slots__ = ()

    name: ClassVar[str]
    spellings: ClassVar[tuple[Spelling, ...]]
    grammar: ClassVar[dict[str, FieldGrammar]]
    # False: says nothing about pixels, so it is no part of a result's identity.
    shapes_result: ClassVar[bool] = True
    # True: a URL may only set it where the server allows that.
    security: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for field in self.grammar.values():
            value = getattr(self, field.name)
            if value is field.default:
                continue
            try:
                kept = field.kind.check(value)
            except (ValueError, TypeError):
                raise field.fail(self.name, value) from None
            if kept is not value:
                object.__setattr__(self, field.name, kept)

    @property
    def idle(self) -> bool:
        """True if this changes nothing, so a plan without it is the same plan."""
        return all(getattr(self, one.name) == one.default for one in self.grammar.values())

    def canonical(self) -> str:
        """`name(field=value,…)` with the fields that differ from their defaults."""
        parts = [
            f"{one.name}={one.kind.write(value)}"
            for one in self.grammar.values()
            if (value := getattr(self, one.name)) != one.default
        ]
        return f"{self.name}({','.join(parts)})"

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Self:
        """Made of fields by name; PlanError if a required one is missing."""
        for field in cls.grammar.values():
            if field.default is MISSING and field.name not in settings:
                raise PlanError(f"{cls.name}: {field.name} is missing: {field.kind.expects}")
        return cls(**settings)


T = TypeVar("T", bound=Terms)

# Written once, while the folders of operations and codecs are imported.
TERMS: dict[str, type[Terms]] = {}
_WORDS: dict[tuple[str, str], tuple[type[Terms], Spelling]] = {}


@dataclass_transform(frozen_default=True)
def terms(name: str, *spellings: Spelling) -> Callable[[type[T]], type[T]]:
    """Makes a class a frozen group of settings and registers its words."""

    def register(cls: type[T]) -> type[T]:
        # slots=True makes a second class, so the registry must hold that one.
        made = dataclass(frozen=True, slots=True)(cls)
        made.name, made.spellings, made.grammar = name, spellings, _grammar_of(made)
        if TERMS.setdefault(name, made) is not made:
            raise TypeError(f"two groups are named {name}")
        for spelling in spellings:
            for word in spelling.words:
                if _WORDS.setdefault((spelling.dialect, word), (made, spelling))[1] != spelling:
                    raise TypeError(f"two options of {spelling.dialect} are spelled {word}")
        return made

    return register


def _grammar_of(cls: type[Terms]) -> dict[str, FieldGrammar]:
    hints = get_type_hints(cls, include_extras=True)
    grammar = {}
    for field in fields(cls):  # type: ignore[arg-type]  # it became a dataclass a line ago
        kind, follows = kind_of(hints[field.name])
        grammar[field.name] = FieldGrammar(
            field.name, kind, follows.field if follows else None, field.default
        )
    return grammar


def lookup(dialect: str, word: str) -> tuple[type[Terms], Spelling] | None:
    """The group and spelling that own a word of a dialect."""
    return _WORDS.get((dialect, word))


def read_canonical(text: str) -> Terms:
    """The inverse of `Terms.canonical`."""
    match = _CALL.fullmatch(text)
    if not match or match[1] not in TERMS:
        raise PlanError(f'expected name(field=value,…), got "{shown(text)}"')
    cls = TERMS[match[1]]
    settings: dict[str, Any] = {}
    for part in filter(None, match[2].split(",")):
        key, _, value = part.partition("=")
        field = cls.grammar.get(key)
        if field is None:
            raise PlanError(f'{cls.name}: no field "{shown(key)}"')
        words = value.split(":") if field.kind.most_words > 1 else [value]
        try:
            settings[key] = field.kind.read([read_text(word) for word in words])[0]
        except ValueError as error:
            raise field.fail(cls.name, value, error) from None
    return cls.of(settings)
