"""What a purge reached, as the admin port answers it and the command line reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from cache.purges import Scope

_MOST_SECONDS = 1e9
TierState = Literal["dropped", "hidden", "unreachable", "failed"]
"""hidden: still there, but nothing asks for it any more."""


@dataclass(frozen=True, slots=True)
class PurgeReport:
    """within_s: seconds after which even a node that missed the message has it.

    tiers: what became of each. reached, missing: names of nodes. tags: to purge at the CDN.
    """

    scope: Scope
    name: str
    generation: int
    tiers: Mapping[str, TierState]
    reached: tuple[str, ...]
    missing: tuple[str, ...]
    tags: tuple[str, ...]
    within_s: float

    @property
    def complete(self) -> bool:
        """True if nothing has to be waited for or done again."""
        return not self.missing and all(
            state in ("dropped", "hidden") for state in self.tiers.values()
        )


def to_json(report: PurgeReport) -> dict[str, Any]:
    """An object with a member for each field."""
    return {
        "scope": report.scope,
        "name": report.name,
        "generation": report.generation,
        "tiers": dict(report.tiers),
        "reached": list(report.reached),
        "missing": list(report.missing),
        "tags": list(report.tags),
        "within_s": report.within_s,
    }


def from_json(fields: Mapping[str, Any]) -> PurgeReport:
    """ValueError names the member that is missing or of another kind. Others are passed over."""
    scope = _member(fields, "scope", str)
    tiers = _member(fields, "tiers", dict)
    within = _member(fields, "within_s", (int, float))
    if scope not in get_args(Scope):
        raise ValueError(f"scope: expected one of {get_args(Scope)}, got {scope!r}")
    if any(state not in get_args(TierState) for state in tiers.values()):
        raise ValueError(f"tiers: expected {get_args(TierState)} for each, got {tiers!r}")
    if not 0 <= within <= _MOST_SECONDS:
        raise ValueError(f"within_s: expected seconds, got {within!r}")
    return PurgeReport(
        scope=cast(Scope, scope),
        name=_member(fields, "name", str),
        generation=_member(fields, "generation", int),
        tiers=tiers,
        reached=_names(fields, "reached"),
        missing=_names(fields, "missing"),
        tags=_names(fields, "tags"),
        within_s=within,
    )


def _names(fields: Mapping[str, Any], name: str) -> tuple[str, ...]:
    names = _member(fields, name, list)
    if not all(isinstance(one, str) for one in names):
        raise ValueError(f"{name}: expected a list of texts, got {names!r}")
    return tuple(names)


def _member(fields: Mapping[str, Any], name: str, kind: type | tuple[type, ...]) -> Any:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, kind):
        raise ValueError(f"{name}: expected another kind of value, got {value!r}")
    return value
