"""Counts what became of the requests, brings it from the workers to the master, and reports."""

# Locust leaves its calls untyped.
# mypy: disable-error-code="no-untyped-call,import-untyped"

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, Runner, WorkerRunner
from locust.web import WebUI

from loadtests.reports.run import Run
from loadtests.reports.tally import Tally
from loadtests.scenarios.options import Options
from loadtests.scenarios.stages import SCENARIOS

_KEY = "safelight"
# Reports of workers come every three seconds.
_LATE = 4.0


class Collector:
    """Of one process of Locust."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.tally = Tally()
        self.began = int(time.time())

    def listen(self) -> None:
        events, runner = self.environment.events, self.environment.runner
        events.test_start.add_listener(self._begin)
        events.request.add_listener(self._count)
        if isinstance(runner, WorkerRunner):
            events.report_to_master.add_listener(self._send)
        else:
            events.worker_report.add_listener(self._receive)
            events.test_stop.add_listener(self._stopped)
            events.quit.add_listener(self._write)
        if runner is not None and not isinstance(runner, MasterRunner):
            runner.register_message("buster", _set_buster)

    def run(self) -> Run:
        """As far as it went."""
        options = Options.told(self.environment)
        scenario = SCENARIOS.get(os.environ.get("SCENARIO", ""))
        return Run(
            scenario.name if scenario else "free",
            self.began,
            scenario.starts(options.seconds) if scenario else [("all", 0.0)],
            self.tally,
            users=options.users,
            origins=options.origins,
        )

    def _begin(self, **_: object) -> None:
        self.tally.clear()
        self.began = int(time.time())

    def _count(
        self,
        response_time: float,
        response_length: int,
        context: Mapping[str, str],
        **_: object,
    ) -> None:
        self.tally.add(
            int(time.time()),
            context["kind"],
            context["outcome"],
            milliseconds=response_time,
            size=response_length,
        )

    def _send(self, data: dict[str, Any], **_: object) -> None:
        data[_KEY] = self.tally.take()

    def _receive(self, data: Mapping[str, Any], **_: object) -> None:
        if _KEY in data:
            self.tally.merge(data[_KEY])

    def _stopped(self, **_: object) -> None:
        """Locust goes on behind its web page; without one it ends, and the report comes then."""
        if self.environment.web_ui is not None:
            gevent.spawn_later(_LATE, self._write)

    def _write(self, **_: object) -> None:
        path = os.environ.get("REPORT")
        if path and self.tally.counts:
            # Workers, which never draw, would load it for nothing.
            from loadtests.reports.page import write

            write(self.run(), Path(path))


def collect(environment: Environment, runner: Runner, web_ui: WebUI | None, **_: object) -> None:
    """For Locust's `init` event. The report so far is at /report of its web page."""
    collector = Collector(environment)
    collector.listen()
    if web_ui is not None and web_ui.app is not None:

        def report() -> str:
            from loadtests.reports.page import page

            return page(collector.run())

        web_ui.app.add_url_rule("/report", "report", report)


def _set_buster(environment: Environment, msg: Any, **_: object) -> None:
    if environment.parsed_options is not None:
        environment.parsed_options.buster = msg.data
