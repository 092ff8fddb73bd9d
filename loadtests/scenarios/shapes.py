"""The scenarios as Locust shapes. `--users` are the usual ones, `--minutes` the time in all."""

# Locust leaves its calls untyped.
# mypy: disable-error-code="no-untyped-call,import-untyped"

from __future__ import annotations

import os
from typing import ClassVar, Final

import gevent
from locust import LoadTestShape, User

from loadtests.scenarios.deeds import lose, purge_all
from loadtests.scenarios.options import Options
from loadtests.scenarios.stages import (
    COLD,
    PURGES,
    REGION,
    SPIKE,
    STEADY,
    Deed,
    Scenario,
    Stage,
)
from loadtests.scenarios.users import Cdn, Purger, Scraper, Visitor

_CLASSES: Final[dict[str, type[User]]] = {
    one.__name__: one for one in (Visitor, Cdn, Scraper, Purger)
}
# More at once makes Locust warn.
_MOST_A_SECOND: Final = 100.0
# Workers report every three seconds, and users end what they have begun.
_LEAST_REST, _MOST_REST = 4.0, 20.0

Tick = tuple[int, float, list[type[User]] | None]


class Course(LoadTestShape):
    abstract = True
    use_common_options = True
    scenario: ClassVar[Scenario]

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage | None = None

    def reset_time(self) -> None:
        super().reset_time()
        self.stage = None

    def tick(self) -> Tick | None:
        assert self.runner is not None
        options = Options.told(self.runner.environment)
        second = self.get_run_time()
        stage = self.scenario.at(second, seconds=options.seconds)
        if stage is None:
            return self._rest(second - options.seconds)
        if stage is not self.stage:
            self.stage = stage
            self._do(stage.deed, options)
        users = stage.users(options.users)
        return users, min(users, _MOST_A_SECOND), [_CLASSES[kind] for kind in stage.kinds]

    def _rest(self, passed: float) -> Tick | None:
        """Nobody comes, until everything that was begun is told; then the end."""
        still = self.get_current_user_count() > 0 or passed < _LEAST_REST
        return (0, _MOST_A_SECOND, None) if still and passed < _MOST_REST else None

    def _do(self, deed: Deed | None, options: Options) -> None:
        assert self.runner is not None
        if deed == "chill" and options.admins:
            gevent.spawn(purge_all, options.admins, options.sources)
        elif deed == "chill":
            # Another text in every URL; each run has its own.
            self.runner.send_message("buster", os.urandom(6).hex())
        elif deed == "lose":
            gevent.spawn(lose, os.environ)


class Steady(Course):
    scenario = STEADY


class Cold(Course):
    scenario = COLD


class Spike(Course):
    scenario = SPIKE


class PurgeStorm(Course):
    scenario = PURGES


class RegionLoss(Course):
    scenario = REGION


SHAPES: Final[dict[str, type[Course]]] = {
    one.scenario.name: one for one in (Steady, Cold, Spike, PurgeStorm, RegionLoss)
}
