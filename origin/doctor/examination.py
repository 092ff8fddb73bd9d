"""All checks at the same time, each within its time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import chain
from typing import Final

from origin.doctor.buckets import check_results, check_source_buckets
from origin.doctor.configured import check_keys, check_settings
from origin.doctor.confined import check_worker
from origin.doctor.engine import check_engine
from origin.doctor.finding import Check, Finding, fail
from origin.doctor.folders import check_disk, check_local_root
from origin.doctor.hosts import check_web_hosts
from origin.doctor.machine import (
    check_allocator,
    check_descriptors,
    check_memory,
    check_processors,
)
from origin.doctor.ports import check_ports, check_proxies
from origin.doctor.redis_server import check_redis
from origin.redaction import without_secrets
from origin.settings import Settings

# In the order in which they are told.
CHECKS: Final[dict[str, Check]] = {
    "settings": check_settings,
    "keys": check_keys,
    "worker": check_worker,
    "local root": check_local_root,
    "s3": check_source_buckets,
    "http source": check_web_hosts,
    "disk tier": check_disk,
    "redis": check_redis,
    "results": check_results,
    "admin port": check_ports,
    "proxies": check_proxies,
    "processors": check_processors,
    "memory": check_memory,
    "descriptors": check_descriptors,
    "allocator": check_allocator,
}


async def examine(settings: Settings, *, within: float) -> list[Finding]:
    """within: seconds for each check."""
    engine = check_engine()
    findings = await asyncio.gather(
        *(_examined(name, check, settings, within) for name, check in CHECKS.items())
    )
    return [*engine, *chain.from_iterable(findings)]


async def _examined(
    name: str, check: Check, settings: Settings, within: float
) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(within):
            return await check(settings)
    except TimeoutError:
        fix = "see what hangs; `--within` gives it more"
        return [fail(name, f"nothing found out within {within:g} s", fix)]
    except Exception as error:
        said = without_secrets(f"{type(error).__name__}: {error}")
        return [fail(name, f"expected to look at it, got {said}", "report this as a bug")]
