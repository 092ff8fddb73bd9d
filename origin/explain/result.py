"""Which result a URL stands for on a running server: its sources' versions, key, tiers, cost.

Nothing is counted, promoted or made for it. A source of which nothing is known is looked at, as
any request would; one that is asked for by a URL that is refused is not.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Final

from cache.key import etag
from cache.pointer import Pointer
from cache.tier import Tier
from origin.admission import is_dear
from origin.asked import Asked, Wanted
from origin.brownout import Degraded, refuse_dear
from origin.explain.refusals import Facts, noting
from origin.respond import age, validator_headers
from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers
from origin.services import Services
from origin.variants import Variants
from transforms.limits import RequestedLimits

_TIER_SECONDS: Final = 5.0


async def identify(
    asked: Asked, variants: Variants, refusals: list[Facts], *, seconds: float
) -> Wanted | None:
    """None if the sources' versions are not known, and cannot be or need not be found out."""
    if refusals:
        return variants.identify_known(asked, None)
    wanted: Wanted | None = None
    with noting(refusals):
        try:
            async with asyncio.timeout(seconds):
                wanted = await variants.identify(asked)
        except TimeoutError:
            refusals.append(
                {
                    "status": 504,
                    "code": "deadline",
                    "why": f"the source said nothing within {seconds:g} s (SAFELIGHT_TIMEOUT)",
                }
            )
    return wanted


def explain_pointer(
    reference: str, before: Pointer | None, pointer: Pointer | None, *, ttl: float, now: float
) -> Facts:
    """before: what was known until it was asked for. ttl: seconds that a version is trusted."""
    if pointer is None:
        return {"reference": reference, "known": False}
    since = max(0.0, now - pointer.checked)
    state = (
        "fresh" if since < ttl / 2 else "fresh, renewed when asked for" if since < ttl else "old"
    )
    return {
        "reference": reference,
        "known": before is not None,
        "missing": pointer.validator is None,
        "version": pointer.validator,
        "bytes": pointer.size,
        "modified": _moment(pointer.modified),
        "cache_control": pointer.cache_control,
        "age_s": round(since, 1),
        "ttl_s": ttl,
        "state": state,
    }


def explain_key(wanted: Wanted, variants: Variants) -> Facts:
    """The name of the result in all tiers; another one after each purge."""
    purges, asked = variants.purges, wanted.asked
    purged = max(*map(purges.of_source, asked.references), purges.of_tags(asked.tags))
    facts: Facts = {"key": wanted.key, "etag": etag(wanted.key)}
    return facts | ({"purged": _moment(purged / 1000)} if purged else {})


async def explain_tiers(wanted: Wanted, variants: Variants) -> Facts:
    """What each tier says, without being told of the others. A look at the disk is one more use of
    the file there, which it keeps a little longer for.
    """
    among = wanted.asked.policy.results

    async def look(tier: Tier) -> str:
        if among is not None and tier.name not in among:
            return "left out by the policy"
        try:
            async with asyncio.timeout(_TIER_SECONDS):
                held = await tier.holds(wanted.key)
        except TimeoutError:
            held = None
        return "no answer" if held is None else "held" if held else "not held"

    tiers = tuple(variants.tiers)
    states = await asyncio.gather(*map(look, tiers))
    return {
        "tiers": {tier.name: state for tier, state in zip(tiers, states, strict=True)},
        "being_made": variants.flights.is_aloft(wanted.key),
    }


def explain_cost(wanted: Wanted, variants: Variants) -> Facts:
    """What a render is foreseen to take now, and whether it would be put off."""
    admission, plan = variants.renderer.admission, wanted.asked.plan
    most = plan.of(RequestedLimits).src_bytes or variants.renderer.max_src_bytes
    size = wanted.pointers[0].size
    cost = admission.costs.predict(plan, None if size is None else min(size, most))
    facts: Facts = {
        "ms": round(cost.ms, 1),
        "unlearned_ms": round(cost.foreseen, 1),
        "lane": "dear" if is_dear(cost) else "cheap",
        "wait_ms": round(admission.wait(dear=is_dear(cost)) * 1000, 1),
        "source_bytes": size,
    }
    try:
        refuse_dear(wanted, admission, variants.purges, most_ms=variants.most_avif_ms)
    except Degraded as degraded:
        offers = degraded.instead.asked.plan.output.offers
        instead = str(offers[0]) if offers else "the source's own format"
        facts["degraded"] = {"reason": degraded.reason, "instead": instead}
    return facts


def explain_limits(wanted: Wanted, services: Services, refusals: list[Facts]) -> Facts:
    """What it is held to. Pixels and frames are counted when the source is there."""
    rules, settings, renderer = services.rules, services.settings, services.variants.renderer
    limits, plan = rules.limits, wanted.asked.plan
    version = wanted.pointers[0].validator
    with noting(refusals):
        renderer.poisoned.refuse(f"{plan.source} of version {version}")
    return {
        "source_bytes": plan.of(RequestedLimits).src_bytes or renderer.max_src_bytes,
        "source_megapixels": plan.of(RequestedLimits).src_megapixels or limits.max_src_megapixels,
        "frames": limits.max_frames,
        "decode_mb": limits.max_decode_mb,
        "result_megapixels": limits.max_result_megapixels,
        "timeout_s": rules.timeout,
        "variants_a_day": rules.max_variants or None,
        "miss_rate": settings.miss_rate or None,
        "miss_rate_key": settings.miss_rate_key or None,
    }


def explain_headers(wanted: Wanted, services: Services, *, now: float) -> dict[str, str]:
    """Those of the answer that are known without the picture."""
    return combine_headers(
        SECURITY_HEADERS,
        cors_headers(services.rules.cors, None),
        validator_headers(wanted, services.rules.manner, now=now),
        {"age": age(wanted, now=now)},
    )


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (OverflowError, OSError, ValueError):
        return f"second {seconds:.0f}"
