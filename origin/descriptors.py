"""How many connections the descriptors of this process allow."""

from __future__ import annotations

import contextlib
import resource

# For sources, stores, workers and files of the tiers.
_RESERVE = 1024


def possible_connections(wanted: int) -> int:
    """As many as wanted, or as there can be. Raises the soft limit as far as that needs."""
    needed = wanted + _RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        least = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (least, hard))
            soft = least
    return wanted if soft == resource.RLIM_INFINITY else within(wanted, soft)


def within(wanted: int, descriptors: int) -> int:
    """As many as wanted, less if too few descriptors would be left for everything else."""
    return max(1, min(wanted, descriptors - min(_RESERVE, descriptors // 2)))
