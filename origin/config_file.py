"""The TOML file behind SAFELIGHT_CONFIG: what is structured.

[presets]
thumb = "rs:fill:300:200/g:sm"
default = "q:75"

[[policies]]                        # any number of them, the most specific first
prefix = "s3://shop/thumbs/"        # for sources that begin so: scheme://bucket/ or more of it
preset = "thumb"                    # and URLs that name the preset; neither of both: for all
results = ["memory", "disk"]        # tiers that keep the result; also "redis", "objects"; []: none
ttl = 86400                         # max-age, seconds
keep = 604800                       # seconds that tiers keep it; without: for ever
tags = ["shop"]                     # for purges at the CDN, besides the source's own
source_cache_control = true         # max-age is the source's own; ttl where the source has none
min_ttl = 60                        # but never less than this
max_ttl = 604800                    # nor more

A setting comes from the first policy that matches and sets it (`origin.policy`); tags add up.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from origin.freshness import MAX_DELTA
from origin.policy import TIERS, Policies, Policy, Rule
from origin.settings import SettingsError
from origin.tags import MAX_TAGS, is_tag

MAX_POLICIES: Final = 1000
_KNOWN: Final = {"presets", "policies"}

# What a canonical reference cannot begin with would be a rule that never holds, and without the
# slash behind the bucket, `s3://shop` would hold for `s3://shop-private/` as well.
_PREFIX: Final = re.compile(
    r"[a-z][a-z0-9+.-]*://|(?:local://|(?!local:)[a-z][a-z0-9+.-]*://[^/?]+)/(?!/).*", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """presets: name -> options, as they stand in a URL."""

    presets: dict[str, str] = field(default_factory=dict)
    policies: Policies = field(default_factory=Policies)


def read_config_file(path: Path | None) -> ConfigFile:
    """SettingsError if the file is missing, is not TOML, or holds what is not known."""
    if path is None:
        return ConfigFile()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # no UTF-8, no TOML, a number of 5000 digits
        raise SettingsError(f"SAFELIGHT_CONFIG: {path}: {error}") from error
    problems = [
        f'expected [presets] or [[policies]], got "{name}"'
        for name in sorted(content.keys() - _KNOWN)
    ]
    presets = _presets(content.get("presets", {}), problems)
    policies = _policies(content.get("policies", []), presets, problems)
    if problems:
        raise SettingsError(
            "\n".join(f"SAFELIGHT_CONFIG: {path}: {problem}" for problem in problems)
        )
    return ConfigFile(presets, policies)


def _presets(table: object, problems: list[str]) -> dict[str, str]:
    if not isinstance(table, dict):
        problems.append('"presets" must be a table: [presets]')
        return {}
    problems += [
        f'preset "{name}" must be text like "rs:fill:300:200"'
        for name, options in sorted(table.items())
        if not isinstance(options, str)
    ]
    return table


def _policies(tables: object, presets: Mapping[str, str], problems: list[str]) -> Policies:
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        problems.append('"policies" must be tables: [[policies]]')
        return Policies()
    if len(tables) > MAX_POLICIES:
        problems.append(f"expected at most {MAX_POLICIES} policies, got {len(tables)}")
        return Policies()
    before = len(problems)
    for number, table in enumerate(tables, 1):
        problems += [f"policy {number}: {problem}" for problem in _problems(table, presets)]
    if not any(table.get("source_cache_control") is True for table in tables):
        problems += [
            f'policy {number}: "{name}" needs a policy with source_cache_control = true'
            for number, table in enumerate(tables, 1)
            for name in ("min_ttl", "max_ttl")
            if name in table
        ]
    if len(problems) > before:
        return Policies()
    policies = Policies(tuple(map(_rule, tables)))
    if (most := policies.most_tags()) > MAX_TAGS - 1:  # the source's own comes on top
        problems.append(
            f"expected policies that give a URL {MAX_TAGS - 1} tags at most, got {most}"
        )
    return policies


def _problems(table: Mapping[str, Any], presets: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(table.keys() - _EXPECTED.keys()):
        yield f'"{name}" is not known; expected some of {", ".join(_EXPECTED)}'
    for name, (is_right, expected) in _EXPECTED.items():
        if name in table and not is_right(table[name]):
            yield f'"{name}" must be {expected}, got {_shown(table[name])}'
    preset = table.get("preset")
    if isinstance(preset, str) and preset not in presets:
        yield f'"preset" must be a name in [presets], got {_shown(preset)}'
    least, most = table.get("min_ttl"), table.get("max_ttl")
    if _is_seconds(least) and _is_seconds(most) and least > most:
        yield f'"min_ttl" must be at most "max_ttl", got {least} and {most}'
    if not table.keys() - {"prefix", "preset"}:
        yield "sets nothing"


def _rule(table: Mapping[str, Any]) -> Rule:
    settings = dict(table)
    prefix, preset = settings.pop("prefix", ""), settings.pop("preset", None)
    if "results" in settings:
        settings["results"] = frozenset(settings["results"])
    settings["tags"] = tuple(settings.get("tags", ()))
    return Rule(Policy(**settings), prefix, preset)


def _is_seconds(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= MAX_DELTA


def _is_duration(value: object) -> bool:
    return type(value) in (int, float) and 0 < value <= MAX_DELTA  # type: ignore[operator]


def _is_list_of(is_right: Callable[[str], bool]) -> Callable[[object], bool]:
    def check(value: object) -> bool:
        return isinstance(value, list) and all(
            isinstance(item, str) and is_right(item) for item in value
        )

    return check


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


_SECONDS: Final = f"whole seconds in 0..{MAX_DELTA}"
_EXPECTED: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = MappingProxyType(
    {
        "prefix": (
            lambda value: isinstance(value, str) and _PREFIX.fullmatch(value) is not None,
            'the beginning of sources, like "s3://bucket/" or "local:///folder/"',
        ),
        "preset": (lambda value: isinstance(value, str), "the name of a preset"),
        "results": (_is_list_of(TIERS.__contains__), f"a list of {', '.join(TIERS)}"),
        "ttl": (_is_seconds, _SECONDS),
        "keep": (_is_duration, f"seconds above 0, up to {MAX_DELTA}"),
        "tags": (_is_list_of(is_tag), "a list of tags of 1..128 characters A-Z a-z 0-9 _ . : / -"),
        "source_cache_control": (lambda value: isinstance(value, bool), "true or false"),
        "min_ttl": (_is_seconds, _SECONDS),
        "max_ttl": (_is_seconds, _SECONDS),
    }
)
