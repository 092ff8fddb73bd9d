"""What this machine or container gives: processors, memory, descriptors, an allocator."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence
from glob import glob
from pathlib import Path
from typing import Final

from origin.descriptors import within
from origin.doctor.finding import Finding, fail, ok, warn
from origin.quota import cpu_quota
from origin.settings import Settings

_ALLOCATORS: Final = ("jemalloc", "mimalloc", "tcmalloc")
_JEMALLOC: Final = ("/usr/lib/*/libjemalloc.so.2", "/usr/local/lib/libjemalloc.so.2")
_FAST_PATH_MB: Final = 64
_ITSELF_MB: Final = 200  # the server process before it has anything in hand


async def check_processors(settings: Settings) -> Sequence[Finding]:
    quota = cpu_quota()
    workers = settings.workers or quota
    found = f"{workers} workers on {quota} processors"
    if workers > quota:
        fix = f"SAFELIGHT_WORKERS={quota}, or 0 for as many as there are processors"
        return [warn("processors", f"{found}: they slow each other down", fix)]
    return [ok("processors", found)]


async def check_memory(settings: Settings) -> Sequence[Finding]:
    return [memory_finding(settings, limit=memory_limit(), workers=settings.workers or cpu_quota())]


def memory_finding(settings: Settings, *, limit: int, workers: int) -> Finding:
    """limit: bytes that all processes may have together."""
    most = limit >> 20
    caches = settings.cache_memory_mb + settings.cache_sources_mb
    own = caches + _FAST_PATH_MB + _ITSELF_MB
    if own >= most:
        found = f"caches and the server itself want {own:.0f} MB of {most}"
        fix = "lower SAFELIGHT_CACHE_MEMORY_MB and SAFELIGHT_CACHE_SOURCES_MB, or give it more"
        return fail("memory", found, fix)
    if not settings.worker_mb:
        found = f"any worker may take all of {most} MB (SAFELIGHT_WORKER_MB=0)"
        return warn("memory", found, f"SAFELIGHT_WORKER_MB={_share(most - own, workers)}")
    wanted = own + workers * settings.worker_mb
    found = f"{wanted:.0f} MB at the very most, {workers} workers of {settings.worker_mb} MB"
    if wanted > most:
        share = _share(most - own, workers)
        fix = f"SAFELIGHT_WORKER_MB={share}, fewer workers, or a limit of {wanted:.0f} MB"
        return warn("memory", f"{found}, are more than the limit of {most} MB", fix)
    return ok("memory", f"{found}, of {most}")


def memory_limit(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes: the smaller of the container's limit (cgroup v2, then v1) and the machine's memory."""
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in (root / "memory.max", root / "memory" / "memory.limit_in_bytes"):
        try:
            return min(there, int(path.read_text()))
        except (OSError, ValueError):
            continue
    return there


async def check_descriptors(settings: Settings) -> Sequence[Finding]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.max_connections
    room = wanted if hard == resource.RLIM_INFINITY else within(wanted, hard)
    limit = "any number" if hard == resource.RLIM_INFINITY else str(hard)
    if room < wanted:
        found = f"{limit} descriptors are room for {room} of {wanted} connections"
        fix = f"LimitNOFILE={wanted + 1024} (ulimit -Hn), or SAFELIGHT_MAX_CONNECTIONS={room}"
        return [warn("descriptors", found, fix)]
    return [ok("descriptors", f"{limit}, for {wanted} connections")]


async def check_allocator(_settings: Settings) -> Sequence[Finding]:
    """Of this process, which a server started the same way would have."""
    name = _loaded()
    if name is not None:
        return [ok("allocator", name)]
    there = next((path for pattern in _JEMALLOC for path in glob(pattern)), None)
    fix = f"LD_PRELOAD={there}" if there else "install libjemalloc2, and preload it (LD_PRELOAD)"
    found = "the C library's: memory stays high after a peak, as if it leaked"
    return [warn("allocator", found, fix)]


def _loaded() -> str | None:
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return None
    return next((one for one in _ALLOCATORS if one in maps), None)


def _share(megabytes: float, workers: int) -> int:
    return max(1, int(megabytes / workers))
