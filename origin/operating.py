"""What operators can do to a running server: ask how its caches are, purge them, warm them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette

from origin.admin import make_admin
from origin.admin_requests import Question
from origin.asked import ask
from origin.errors import Deadline, Overloaded
from origin.explain.explanation import explain
from origin.explain.format import BROWSER
from origin.metrics.exposition import Exposition
from origin.metrics.sample import Sample
from origin.metrics.server import of_server
from origin.readiness import Readiness, judge
from origin.services import Services
from origin.sources.errors import SourceBusy
from origin.warming import Warmed, WarmResult, offers_of, warm
from transforms.plan import Plan

# Warming waits while visitors keep the workers busy, but not for ever.
_TRIES = 10
_PAUSE_SECONDS = 1.0


def make_side_app(
    present: Callable[[], Services],
    ready: Callable[[], bool],
    connections: Callable[[], Mapping[str, Any]] = dict,
) -> Starlette:
    """The admin port's application. connections: what there is to say of the image port's."""

    services = present()  # for the resources, which stay

    def warm_all(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        now = present()

        async def make(plan: Plan) -> Warmed:
            return await warm_one(plan, now)

        return warm(
            paths,
            read=now.rules.dialect.parse,
            offers=offers_of(now.rules.auto_formats),
            make=make,
            at_once=services.workers.count + 1,
        )

    def facts() -> dict[str, Any]:
        return {
            **services.caches.facts(),
            "sources": {"fetched": services.sources.fetched, "shared": services.sources.shared},
            "stores": services.stores.facts(),
            "workers": {**services.workers.facts(), "stalls": services.watchdog.stalls},
            "admission": services.variants.renderer.admission.facts(),
            "connections": connections(),
            "tasks": len(asyncio.all_tasks()),
        }

    def judged() -> Readiness:
        informational = {
            "tiers": services.caches.tiers.states(),
            "stores": {name: fares["state"] for name, fares in services.stores.facts().items()},
        }
        now = asyncio.get_running_loop().time()
        readiness = judge(services.workers, services.watchdog, serving=ready(), now=now)
        return replace(readiness, facts={**readiness.facts, **informational})

    def samples() -> Iterator[Sample]:
        now = asyncio.get_running_loop().time()
        return of_server(present(), connections(), ready=judged().ready, now=now)

    async def explained(question: Question) -> dict[str, Any]:
        accept = BROWSER if question.accept is None else question.accept
        return await explain(question.url, accept=accept, run=question.run, services=present())

    return make_admin(
        ready,
        purge=services.caches.purger.purge,
        warm=warm_all,
        facts=facts,
        judge=judged,
        metrics=Exposition(samples),
        explain=explained,
    )


async def warm_one(plan: Plan, services: Services) -> Warmed:
    """The result, made after everybody else's if it is not kept yet."""
    asked = ask(plan, services.rules.policies)
    tries_left = _TRIES
    while True:
        try:
            wanted = await services.variants.identify(asked)
            found = await services.variants.find(wanted, later=True)
            return Warmed("hit" if found.kept else "made", len(found.entry.body))
        except (Deadline, Overloaded, SourceBusy):
            tries_left -= 1
            if not tries_left:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)
