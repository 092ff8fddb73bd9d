"""What operators can do to a running server: ask how its caches are, purge them, warm them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Any

from starlette.applications import Starlette

from origin.admin import make_admin
from origin.asked import ask
from origin.errors import Deadline, Overloaded
from origin.services import Services
from origin.sources.errors import SourceBusy
from origin.warming import Warmed, WarmResult, offers_of, warm
from transforms.plan import Plan

# Warming waits while visitors keep the workers busy, but not for ever.
_TRIES = 10
_PAUSE_SECONDS = 1.0


def make_side_app(services: Services, ready: Callable[[], bool]) -> Starlette:
    """The admin port's application."""

    async def make(plan: Plan) -> Warmed:
        return await warm_one(plan, services)

    def warm_all(paths: tuple[bytes, ...]) -> AsyncGenerator[WarmResult, None]:
        return warm(
            paths,
            read=services.dialect.parse,
            offers=offers_of(services.settings.auto_formats),
            make=make,
            at_once=services.workers.count + 1,
        )

    def facts() -> dict[str, Any]:
        return {
            **services.caches.facts(),
            "sources": {"fetched": services.sources.fetched, "shared": services.sources.shared},
            "stores": services.stores.facts(),
            "workers": services.workers.facts(),
            "admission": services.variants.renderer.admission.facts(),
        }

    return make_admin(ready, purge=services.caches.purger.purge, warm=warm_all, facts=facts)


async def warm_one(plan: Plan, services: Services) -> Warmed:
    """The result, made after everybody else's if it is not kept yet."""
    asked = ask(plan, services.policies)
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
