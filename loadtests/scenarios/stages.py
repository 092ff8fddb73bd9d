"""The scenarios as stages: who comes, how many of them, and what is done to the servers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["Visitor", "Cdn", "Scraper", "Purger"]
Deed = Literal["chill", "lose"]

USUAL: Final[tuple[Kind, ...]] = ("Visitor", "Cdn")


@dataclass(frozen=True, slots=True)
class Stage:
    """share: of the time. times: how many times as many users as usual. more: and so many beside
    them. kinds: of whom comes beyond those of the stage before; the last to come leave first.
    deed: done once, when it begins: `chill` makes all results new, `lose` ends an origin.
    """

    name: str
    share: float
    times: float = 1
    more: int = 0
    kinds: tuple[Kind, ...] = USUAL
    deed: Deed | None = None

    def users(self, usual: int) -> int:
        return max(1, round(usual * self.times)) + self.more


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    stages: tuple[Stage, ...]

    def starts(self, seconds: float) -> list[tuple[str, float]]:
        """Each stage and when it begins, if all take this long."""
        before = [sum(one.share for one in self.stages[:n]) for n in range(len(self.stages))]
        return [
            (stage.name, seconds * share) for stage, share in zip(self.stages, before, strict=True)
        ]

    def at(self, second: float, *, seconds: float) -> Stage | None:
        """None when it is over."""
        if second >= seconds:
            return None
        begun = [start <= second for _, start in self.starts(seconds)]
        return self.stages[max(sum(begun), 1) - 1]


STEADY: Final = Scenario("steady", (Stage("warming", 0.2), Stage("steady", 0.8)))
COLD: Final = Scenario("cold", (Stage("warm", 0.4), Stage("cold", 0.6, deed="chill")))
# Many for the same, then many for what nobody has asked for: only the second costs renders.
SPIKE: Final = Scenario(
    "spike",
    (
        Stage("usual", 0.2),
        Stage("ten times", 0.25, times=10),
        Stage("usual again", 0.15),
        Stage("scrapers", 0.25, times=10, kinds=("Scraper",)),
        Stage("after", 0.15),
    ),
)
PURGES: Final = Scenario(
    "purge-storm",
    (
        Stage("quiet", 0.25),
        Stage("storm", 0.5, more=2, kinds=("Purger",)),
        Stage("after", 0.25),
    ),
)
REGION: Final = Scenario("region-loss", (Stage("both", 0.4), Stage("one", 0.6, deed="lose")))

SCENARIOS: Final = {one.name: one for one in (STEADY, COLD, SPIKE, PURGES, REGION)}


def lacking(
    scenario: Scenario, *, origins: Sequence[str], admins: Sequence[str], loses: bool
) -> str | None:
    """What has to be given for it and is not. loses: whether it is known how to end an origin."""
    kinds = {kind for stage in scenario.stages for kind in stage.kinds}
    deeds = {stage.deed for stage in scenario.stages}
    if "Purger" in kinds and not admins:
        return f"{scenario.name}: expected --admin, where purges are taken"
    if "lose" in deeds and len(set(origins)) < 2:
        return f"{scenario.name}: expected --host twice, one of them to be lost, got {origins}"
    if "lose" in deeds and not loses:
        return f"{scenario.name}: expected --lose-command or --lose-pid, which end an origin"
    return None
