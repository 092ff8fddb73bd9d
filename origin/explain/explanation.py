"""All that there is to say of a URL, as a tree of JSON.

understood   whether a request would be answered with a picture, as far as is known
refusals     [{status, code, why}]: all the reasons why not
path, signature, dialect, ignored, presets, options, idle, format, source, policy, tags, canonical
pointers, key, etag, tiers, cost, limits, headers     only from a running server
run                                                    only if it was asked for
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from origin.explain.refusals import Facts, noting
from origin.explain.result import (
    explain_cost,
    explain_headers,
    explain_key,
    explain_limits,
    explain_pointer,
    explain_tiers,
    identify,
)
from origin.explain.trial import try_render
from origin.explain.url import Reading, read_url
from origin.rules import Rules
from origin.services import Services


def explain_offline(
    url: str, *, accept: str | None, rules: Rules, clock: Callable[[], float] = time.time
) -> Facts:
    """As far as no server is needed for it."""
    reading = read_url(url, accept=accept, rules=rules, now=clock())
    return _told(reading)


async def explain(
    url: str,
    *,
    accept: str | None,
    run: bool,
    services: Services,
    clock: Callable[[], float] = time.time,
) -> Facts:
    """On a running server. run: render it, if it is not refused."""
    rules, variants = services.rules, services.variants
    # A wrong signature is compared with many others, which takes its time.
    reading = await asyncio.to_thread(read_url, url, accept=accept, rules=rules, now=clock())
    asked, refusals, facts = reading.asked, reading.refusals, reading.facts
    if asked is None:
        return _told(reading)
    before = {reference: variants.pointers.last(reference) for reference in asked.references}
    wanted = await identify(asked, variants, refusals, seconds=rules.timeout)
    now = clock()
    facts["pointers"] = [
        explain_pointer(
            reference,
            before[reference],
            variants.pointers.last(reference),
            ttl=rules.pointer_ttl,
            now=now,
        )
        for reference in asked.references
    ]
    if wanted is None:
        return _told(reading)
    facts |= {
        **explain_key(wanted, variants),
        **await explain_tiers(wanted, variants),
        "cost": explain_cost(wanted, variants),
        "limits": explain_limits(wanted, services, refusals),
    }
    if refusals:
        return _told(reading)
    facts["headers"] = explain_headers(wanted, services, now=now)
    if run:
        with noting(refusals):
            trial = await try_render(wanted, variants.renderer, seconds=rules.timeout)
            facts["headers"] |= trial.pop("headers")
            facts["run"] = trial
    return _told(reading)


def _told(reading: Reading) -> Facts:
    return {
        "understood": not reading.refusals,
        "refusals": reading.refusals,
        **reading.facts,
    }
