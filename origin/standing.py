"""What is left of a quota, and how answers tell it (draft-ietf-httpapi-ratelimit-headers-10).

    RateLimit-Policy: "client";q=100;w=10
    RateLimit: "client";r=0;t=7

`client` is the name of a policy: in ten seconds a client may use up a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Standing:
    """policy: whose quota it is. quota: how much of it there is in `window` seconds.

    left: what may still be used. reset: seconds until something that was used is given back.
    """

    policy: str
    quota: int
    window: int
    left: int
    reset: float


def rate_limit_headers(standings: Iterable[Standing]) -> dict[str, str]:
    """Both are lists of structured fields; none at all where nothing is limited."""
    standings = tuple(standings)
    if not standings:
        return {}
    policies = (f'"{one.policy}";q={one.quota};w={one.window}' for one in standings)
    states = (f'"{one.policy}";r={one.left};t={math.ceil(one.reset)}' for one in standings)
    return {"ratelimit-policy": ", ".join(policies), "ratelimit": ", ".join(states)}
