"""What is decided per prefix of the source and per preset: where results are kept, for how long.

Rules are asked in the order of the file. Each setting comes from the first rule that matches and
sets it, so the most specific rules stand first and the general ones last; tags add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from origin.source_freshness import passed_through
from origin.sources.errors import SourceReferenceError
from origin.sources.reference import Reference

TIERS: Final = ("memory", "disk", "redis", "objects")


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a URL; None is what no rule sets. Times are in seconds.

    results: the tiers that keep the result. ttl: max-age. keep: how long tiers keep it.
    source_cache_control: max-age is what the source says, from min_ttl to max_ttl.
    """

    results: frozenset[str] | None = None
    ttl: int | None = None
    keep: float | None = None
    tags: tuple[str, ...] = ()
    source_cache_control: bool | None = None
    min_ttl: int | None = None
    max_ttl: int | None = None

    def max_age(self, cache_control: str | None, *, default: int) -> int:
        """For the answer. cache_control: the source's. default: where no rule sets a ttl."""
        ttl = default if self.ttl is None else self.ttl
        if not self.source_cache_control:
            return ttl
        return passed_through(cache_control, default=ttl, floor=self.min_ttl, ceiling=self.max_ttl)


_CASCADING: Final = ("results", "ttl", "keep", "source_cache_control", "min_ttl", "max_ttl")


@dataclass(frozen=True, slots=True)
class Rule:
    """The URLs that it is for, and what it sets for them."""

    policy: Policy
    prefix: str = ""
    preset: str | None = None

    def matches(self, reference: str, presets: frozenset[str]) -> bool:
        return reference.startswith(self.prefix) and (self.preset is None or self.preset in presets)


@dataclass(frozen=True, slots=True)
class Policies:
    """Of one server."""

    rules: tuple[Rule, ...] = ()

    def effective(self, source: str, presets: frozenset[str]) -> Policy:
        """What holds for a source reference and the presets that the URL names."""
        reference = _canonical(source)
        found = [rule.policy for rule in self.rules if rule.matches(reference, presets)]
        settings = {name: _first(found, name) for name in _CASCADING}
        tags = tuple(dict.fromkeys(tag for policy in found for tag in policy.tags))
        return Policy(tags=tags, **settings)

    def most_tags(self) -> int:
        """How many tags one URL can get: prefixes that match together begin like the longest."""
        prefixes = {rule.prefix for rule in self.rules}
        return max((len(self._tags_below(prefix)) for prefix in prefixes), default=0)

    def _tags_below(self, prefix: str) -> set[str]:
        together = (rule for rule in self.rules if prefix.startswith(rule.prefix))
        return {tag for rule in together for tag in rule.policy.tags}


def _first(policies: list[Policy], name: str) -> Any:
    values = (getattr(policy, name) for policy in policies)
    return next((value for value in values if value is not None), None)


def _canonical(source: str) -> str:
    """As prefixes are written: `S3://shop//a.jpg` is no way past the rules for `s3://shop/`.

    What is no reference is below no prefix; the sources will refuse it.
    """
    try:
        return str(Reference.parse(source))
    except SourceReferenceError:
        return ""
