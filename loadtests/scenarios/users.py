"""The users: browsers on pages, a CDN behind its own copies, scrapers, and purges."""

# mypy: disable-error-code="import-untyped"

from __future__ import annotations

import os
from collections.abc import Iterator
from random import Random

from gevent.pool import Pool
from locust import FastHttpUser, between, constant_throughput, task

from loadtests.reports.outcome import FAILED, LIMITED, MOVED, PURGED, SHED, outcome_of
from loadtests.scenarios.options import Options, scheme_of
from loadtests.scenarios.pages import (
    EDGE_ACCEPTS,
    Browser,
    path_of,
    popular,
    scraped_sizes,
)
from loadtests.simulation.traffic import Request

# Sheds and limits are answers that a healthy server gives, and a client that moves is served.
_NO_FAILURES = frozenset({SHED, LIMITED, MOVED, PURGED})
_CONNECTIONS = 6


class Client(FastHttpUser):
    """Asks the origin of its region, and another one when that does not answer at all."""

    abstract = True
    connection_timeout = 5.0
    network_timeout = 30.0

    def on_start(self) -> None:
        self.options = Options.told(self.environment)
        self.scheme = scheme_of(dict(os.environ))
        self.random = Random()
        self.region = self.random.randrange(len(self.options.origins))

    @property
    def kind(self) -> str:
        return type(self).__name__.lower()

    def popular(self, *, head: int = 0) -> Iterator[Request]:
        count = len(self.options.sources)
        return popular(count, alpha=self.options.alpha, random=self.random, head=head)

    def fetch(self, source: int, options: str, accept: str) -> None:
        """Once from each region at most: 503 is an answer, and is not asked for elsewhere."""
        buster = getattr(self.environment.parsed_options, "buster", "")
        path = path_of(self.options.sources[source], options, buster=buster)
        signed = self.scheme.sign(path).decode()
        regions = len(self.options.origins)
        first = self.region
        for tried in range(regions):
            region = (first + tried) % regions
            url = f"{self.options.origins[region]}{signed}"
            if self._ask(url, accept, last=tried + 1 == regions):
                self.region = region
                return

    def _ask(self, url: str, accept: str, *, last: bool) -> bool:
        """False if there was no answer and there is another region."""
        with self.client.get(
            url, headers={"accept": accept}, name=self.kind, catch_response=True
        ) as answer:
            meta = answer.request_meta
            # A body that breaks off comes with a good status.
            broken = meta["exception"] is not None and answer.status_code < 400
            status = 0 if broken else answer.status_code
            outcome = outcome_of(status, (answer.headers or {}).get("cache-status", ""))
            if status == 0 and not last:
                outcome = MOVED
            meta["context"] = {"kind": self.kind, "outcome": outcome}
            if outcome in _NO_FAILURES:
                meta["name"] = f"{self.kind} {outcome}"
                answer.success()
            elif outcome == FAILED and meta["exception"] is None:
                answer.failure(f"expected a picture, got {answer.status_code}")
        return outcome != MOVED


class Visitor(Client):
    """Looks at pictures, each on a page that has it in several places, and then another one comes.

    A browser does not ask for what it has loaded before.
    """

    weight = 8
    wait_time = between(0.5, 2)
    concurrency = _CONNECTIONS

    def on_start(self) -> None:
        super().on_start()
        self.wanted = self.popular()
        self._arrive()

    @task
    def page(self) -> None:
        if self.pages == 0:
            self._arrive()
        self.pages -= 1
        source = next(self.wanted).source
        new = {(source, width) for width in self.browser.widths()} - self.loaded
        self.loaded |= new
        pool = Pool(_CONNECTIONS)
        try:
            pool.map(self._load, sorted(new))
        finally:
            pool.kill()

    def _load(self, picture: tuple[int, int]) -> None:
        source, width = picture
        self.fetch(source, f"rs:fit:{width}", self.browser.accept)

    def _arrive(self) -> None:
        self.browser = Browser.of(self.random)
        self.loaded: set[tuple[int, int]] = set()
        self.pages = self.random.randint(3, 12)


class Cdn(Client):
    """A stream of what an edge does not have: never the most popular, in as few spellings as it
    keeps.
    """

    weight = 2
    wait_time = constant_throughput(5)

    def on_start(self) -> None:
        super().on_start()
        self.wanted = self.popular(head=self.options.edge_head)

    @task
    def pull(self) -> None:
        request = next(self.wanted)
        self.fetch(request.source, f"rs:fit:{request.width}", EDGE_ACCEPTS[request.format])


class Scraper(Client):
    """Wants every picture in sizes that nobody else has asked for."""

    wait_time = constant_throughput(2)

    def on_start(self) -> None:
        super().on_start()
        self.sizes = scraped_sizes(self.random)

    @task
    def scrape(self) -> None:
        width, height = next(self.sizes)
        source = self.random.randrange(len(self.options.sources))
        self.fetch(source, f"rs:fill:{width}:{height}", "*/*")


class Purger(Client):
    """An import that purges every picture it touches, on every origin."""

    wait_time = constant_throughput(10)

    def on_start(self) -> None:
        super().on_start()
        self.wanted = self.popular()

    @task
    def purge(self) -> None:
        source = self.options.sources[next(self.wanted).source]
        for admin in self.options.admins:
            with self.client.post(
                f"{admin}/purge", json={"source": source}, name=self.kind, catch_response=True
            ) as answer:
                outcome = PURGED if answer.status_code == 200 else FAILED
                answer.request_meta["context"] = {"kind": self.kind, "outcome": outcome}
