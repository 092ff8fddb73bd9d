"""Less than was asked for, so that everybody is given something: WebP now, AVIF in a moment.

An AVIF takes three times as long to make as a WebP. Where the client reads both, the URL does not
name one, and nobody has made the AVIF yet, a server under pressure answers in WebP, and so does any
server for a picture whose AVIF takes too long to wait for. Such an answer has its own key, may be
kept for a minute only, and says so; the AVIF is made when there is nothing else to do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Literal

from cache.purges import Purges
from origin.admission import Admission
from origin.asked import Wanted, want
from transforms.formats import Format

DEGRADED_SECONDS: Final = 60

Reason = Literal["load", "cost"]


class Degraded(Exception):
    """Raised where the dear result would be made: here is the one to make instead."""

    def __init__(self, instead: Wanted, reason: Reason) -> None:
        super().__init__(reason)
        self.instead = instead
        self.reason: Reason = reason


def refuse_dear(wanted: Wanted, admission: Admission, purges: Purges, *, most_ms: float) -> None:
    """Degraded if there is something else to give, and reason to give it."""
    asked = wanted.asked
    output = asked.plan.output
    if not asked.plan.negotiable or output.offers[:1] != (Format.AVIF,):
        return
    cost = admission.costs.predict(asked.plan, wanted.pointers[0].size)
    reason: Reason | None = "load" if admission.pressed else None
    if cost.ms > most_ms:
        reason = "cost"
    if reason is None:
        return
    others = tuple(offer for offer in output.offers if offer is not Format.AVIF)
    plan = asked.plan.offering(others)
    cheaper = replace(asked, plan=plan, canonical=plan.canonical())
    raise Degraded(want(cheaper, wanted.pointers, purges), reason)
