"""From an option's words to settings, for every dialect that writes `word:argument:argument`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from transforms.errors import PlanError
from transforms.terms import TERMS, FieldGrammar, Spelling, Terms

# (group, field) -> value
Settings = dict[tuple[str, str], Any]
UNSET = object()


def read_arguments(
    option: str, group: type[Terms], spelling: Spelling, words: Sequence[str]
) -> Iterator[tuple[tuple[str, str], Any]]:
    """Each field that the words set with its value, or UNSET; PlanError for what cannot be read."""
    if spelling.arrange:
        for name, given in spelling.arrange(words).items():
            field = group.grammar[name]
            value = _read_all(option, field, given) if given else UNSET
            yield (group.name, name), value
        return
    rest = list(words)
    for path in spelling.fields:
        if not rest:
            return
        owner, field = _field(group, path)
        if not rest[0] and spelling.skips_blanks:
            del rest[0]
            continue
        value, used = _read(option, field, rest)
        del rest[:used]
        yield (owner.name, field.name), value
    if rest:
        raise PlanError(
            f"{option}: expected at most {len(words) - len(rest)} arguments, got {len(words)}"
        )


def settle(settings: Settings, pairs: Iterator[tuple[tuple[str, str], Any]]) -> None:
    """Writes the pairs over the settings; values that add up are added."""
    for (group, name), value in pairs:
        if value is UNSET:
            settings.pop((group, name), None)
        elif TERMS[group].grammar[name].kind.adds_up and (group, name) in settings:
            settings[group, name] = settings[group, name] + value
        else:
            settings[group, name] = value


def build(settings: Settings) -> list[Terms]:
    """The groups that the settings speak of."""
    groups: dict[str, dict[str, Any]] = {}
    for (group, name), value in settings.items():
        groups.setdefault(group, {})[name] = value
    return [_made(TERMS[group], own, settings) for group, own in groups.items()]


def _made(group: type[Terms], own: Mapping[str, Any], settings: Settings) -> Terms:
    followed = {}
    for field in group.grammar.values():
        if field.follows and field.name not in own:
            leader, _, name = field.follows.partition(".")
            if (leader, name) in settings:
                followed[field.name] = settings[leader, name]
    return group.of({**own, **followed})


def _field(group: type[Terms], path: str) -> tuple[type[Terms], FieldGrammar]:
    owner, _, name = path.rpartition(".")
    group = TERMS[owner] if owner else group
    return group, group.grammar[name]


def _read_all(option: str, field: FieldGrammar, words: Sequence[str]) -> Any:
    value, used = _read(option, field, words)
    if used < len(words):
        raise PlanError(f"{option}: {field.name}: too many arguments ({len(words) - used} left)")
    return value


def _read(option: str, field: FieldGrammar, words: Sequence[str]) -> tuple[Any, int]:
    try:
        value, used = field.kind.read(words)
        field.kind.check(value)
    except ValueError:
        raise field.fail(option, ":".join(words[: field.kind.most_words])) from None
    return value, used
