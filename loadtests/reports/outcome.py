"""What became of a request, by its status and its Cache-Status (RFC 9211).

edge                      a cache in front of the origins had it
memory disk redis objects that tier of an origin had it
made, collapsed           a worker made it, for this request or for another one
not_modified              304
untold                    a picture without a Cache-Status that says where from
shed, limited             503 and 429: the server's way of saying no, and no failure
moved                     no answer from this origin, so another one was asked
failed                    anything else
purged                    a purge was taken
"""

from __future__ import annotations

import re
from typing import Final

TIERS: Final = ("memory", "disk", "redis", "objects")
HITS: Final = ("edge", *TIERS)
RENDERED: Final = ("made", "collapsed")
PICTURES: Final = (*HITS, *RENDERED, "untold")
ANSWERED: Final = (*PICTURES, "not_modified")
SHED, LIMITED, MOVED, FAILED, PURGED = "shed", "limited", "moved", "failed", "purged"
OUTCOMES: Final = (*ANSWERED, SHED, LIMITED, MOVED, FAILED, PURGED)

_OURS: Final = "safelight"
# A comma or semicolon within a String of Structured Fields separates nothing.
_MEMBER: Final = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')
_PARAMETER: Final = re.compile(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+')
_STATUSES: Final = {304: "not_modified", 429: LIMITED, 503: SHED}


def outcome_of(status: int, cache_status: str = "") -> str:
    """One of the above. status: 0 for no whole answer."""
    if status in (200, 206):
        return served_by(cache_status)
    return _STATUSES.get(status, FAILED)


def served_by(cache_status: str) -> str:
    """Who had the picture: the nearest to the client that says `hit`.

    A cache in front keeps the field of the answer that it stored, and adds itself at the end.
    """
    members = [_read(member) for member in _MEMBER.findall(cache_status)]
    for name, parameters in reversed(members):
        if "hit" in parameters:
            tier = name.removeprefix(f"{_OURS}-")
            return tier if tier != name and tier in TIERS else "edge"
    ours = [parameters for name, parameters in members if name.partition("-")[0] == _OURS]
    if not ours:
        return "untold"
    return "collapsed" if any("collapsed" in parameters for parameters in ours) else "made"


def _read(member: str) -> tuple[str, frozenset[str]]:
    """Name and the names of its parameters; those that are false are left out."""
    name, *parameters = (part.strip() for part in _PARAMETER.findall(member))
    return name.strip('"'), frozenset(
        key for key, _, value in (one.partition("=") for one in parameters) if value != "?0"
    )
