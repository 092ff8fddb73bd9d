"""What is asked for, and which result that is at the moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import is_

from cache.key import result_key
from cache.pointer import Pointer
from cache.purges import Purges
from origin.policy import Policies, Policy
from origin.sources.reference import Reference
from origin.tags import tags_of
from transforms.engine import identity
from transforms.plan import Plan


@dataclass(frozen=True, slots=True)
class Asked:
    """A plan, and what follows from it alone. references: the source, then its assets."""

    plan: Plan
    references: tuple[str, ...]
    canonical: str
    policy: Policy
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for, of the present versions of its sources: one result.

    pointers: in the order of the references. checked: when the oldest of them was looked up.
    """

    asked: Asked
    pointers: tuple[Pointer, ...]
    key: str
    news: int
    """How many purges were known."""

    def is_of(self, pointers: Sequence[Pointer], purges: Purges) -> bool:
        """Whether nothing has changed; a pointer that was looked up again is another one."""
        return self.news == purges.version and all(map(is_, self.pointers, pointers))

    @property
    def modified(self) -> float | None:
        """The latest change of any source, in Unix seconds; None if one does not say."""
        times = [pointer.modified for pointer in self.pointers]
        return None if None in times else max(time for time in times if time is not None)

    @property
    def checked(self) -> float:
        return min(pointer.checked for pointer in self.pointers)


def ask(plan: Plan, policies: Policies) -> Asked:
    """SourceReferenceError. Two spellings of one source are one source from here on."""
    plan = replace(plan, source=str(Reference.parse(plan.source)))
    policy = policies.effective(plan.source, plan.presets)
    tags = tags_of(plan.source, policy.tags)
    return Asked(plan, (plan.source, *plan.assets), plan.canonical(), policy, tags)


def want(asked: Asked, pointers: Sequence[Pointer], purges: Purges) -> Wanted:
    """A purge of a source or a tag changes the key, so what was kept until then is not found."""
    purged = max(*map(purges.of_source, asked.references), purges.of_tags(asked.tags))
    versions = [str(pointer.validator) for pointer in pointers]
    if purged:
        versions.append(f"purged {purged}")
    key = result_key(asked.plan.source, asked.canonical, versions, identity())
    return Wanted(asked, tuple(pointers), key, purges.version)
