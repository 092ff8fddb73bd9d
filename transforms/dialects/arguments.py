"""From an option's words to settings, for every dialect that writes `word:argument:argument`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from transforms.errors import PlanError
from transforms.terms import TERMS, FieldGrammar, Spelling, Terms, shown

# (group, field) -> value
Settings = dict[tuple[str, str], Any]
UNSET = object()


def read_arguments(
    option: str, group: type[Terms], spelling: Spelling, words: Sequence[str]
) -> Iterator[tuple[tuple[str, str], Any]]:
    """Each field that the words set with its value, or UNSET; PlanError for what cannot be read."""
    if spelling.arrange:
        yield from _arranged(option, group, spelling.arrange, words)
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
        raise _too_many(option, rest)


def settle(
    settings: Settings, pairs: Iterable[tuple[tuple[str, str], Any]], base: Settings
) -> None:
    """Writes the pairs over the settings; what is unset becomes what it is in the base."""
    for key, value in pairs:
        group, name = key
        join = TERMS[group].grammar[name].kind.join
        if value is UNSET:
            settings.pop(key, None)
            if key in base:
                settings[key] = base[key]
        elif join and key in settings:
            settings[key] = join(settings[key], value)
        else:
            settings[key] = value


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


def _arranged(
    option: str,
    group: type[Terms],
    arrange: Callable[[Sequence[str]], dict[str, Sequence[str]]],
    words: Sequence[str],
) -> Iterator[tuple[tuple[str, str], Any]]:
    try:
        arranged = arrange(words)
    except ValueError as error:
        raise PlanError(f'{option}: {error}, got "{shown(":".join(words))}"') from None
    for name, given in arranged.items():
        if not given:
            yield (group.name, name), UNSET
            continue
        value, used = _read(option, group.grammar[name], given)
        if used < len(given):
            raise _too_many(option, given[used:])
        yield (group.name, name), value


def _too_many(option: str, left: Sequence[str]) -> PlanError:
    return PlanError(f'{option}: too many arguments, nothing takes "{shown(":".join(left))}"')


def _read(option: str, field: FieldGrammar, words: Sequence[str]) -> tuple[Any, int]:
    try:
        value, used = field.kind.read(words)
        field.kind.check(value)
    except ValueError as error:
        raise field.fail(option, ":".join(words[: field.kind.most_words]), error) from None
    return value, used
