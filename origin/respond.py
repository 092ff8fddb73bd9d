"""Successful answers: the picture or a part of it, and 304 with the same headers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from cache.entry import Entry
from cache.key import etag
from origin.asked import Wanted
from origin.disposition import content_disposition
from origin.freshness import MAX_DELTA, fresh_for, freshness_headers, http_date
from origin.ranges import requested_range
from origin.tags import tag_headers
from transforms.output import Delivery
from transforms.plan import Plan

# How long an edge may go on with a copy while it asks for a new one, and while we are down.
STALE_WHILE_REVALIDATE = 7 * 86400
STALE_IF_ERROR = 30 * 86400


@dataclass(frozen=True, slots=True)
class Manner:
    """How this server answers. ttl: seconds of max-age where no policy says otherwise.

    tag_fields: names of the fields that carry the tags. varies: whether answers to negotiated
    URLs say so. most_ttl: seconds, whatever else is said, and no caches serve it stale.
    """

    ttl: int
    tag_fields: tuple[str, ...] = ()
    varies: bool = True
    most_ttl: int = MAX_DELTA


def validator_headers(wanted: Wanted, manner: Manner, *, now: float) -> dict[str, str]:
    """The headers that a 200 and its 304 have in common."""
    asked = wanted.asked
    plan = asked.plan
    passing = manner.most_ttl < MAX_DELTA
    ttl = asked.policy.max_age(wanted.pointers[0].cache_control, default=manner.ttl)
    freshness = fresh_for(
        min(ttl, manner.most_ttl),
        expires=plan.of(Delivery).expires or None,
        now=now,
        stale_while_revalidate=0 if passing else STALE_WHILE_REVALIDATE,
        stale_if_error=0 if passing else STALE_IF_ERROR,
    )
    headers = {
        "etag": etag(wanted.key),
        **freshness_headers(freshness),
        **tag_headers(asked.tags, manner.tag_fields),
        "accept-ranges": "bytes",
    }
    if wanted.modified is not None:
        headers["last-modified"] = http_date(wanted.modified)
    if plan.negotiable and manner.varies:
        headers["vary"] = "Accept"
    return headers


def age(wanted: Wanted, *, now: float) -> str:
    """RFC 9111 section 5.1: the seconds since the source was last asked whether this is current."""
    return str(max(0, math.floor(now - wanted.checked)))


def picture_headers(entry: Entry, plan: Plan) -> dict[str, str]:
    """What a 200 has beside that."""
    delivery = plan.of(Delivery)
    headers = {
        "content-type": entry.media_type,
        "content-length": str(len(entry.body)),
        "content-disposition": content_disposition(
            filename=delivery.filename,
            source=plan.source,
            extension=entry.extension,
            attachment=delivery.attachment,
        ),
    }
    if entry.chosen == "source":
        headers["x-safelight-chosen"] = "source"
    return headers


def picture(
    entry: Entry,
    wanted: Wanted,
    headers: Mapping[str, str],
    request: Mapping[str, str],
    *,
    head: bool,
) -> Response:
    """The result with its name, or the range of it that the request's fields ask for.

    A HEAD has the headers of the whole and no body. RangeNotSatisfiable.
    """
    own = {**headers, **picture_headers(entry, wanted.asked.plan)}
    if head:
        return Response(b"", 200, own)
    part = requested_range(
        request.get("range"), request.get("if-range"), size=len(entry.body), etag=headers["etag"]
    )
    if part is None:
        return Response(entry.body, 200, own)
    own["content-range"] = part.field(len(entry.body))
    own["content-length"] = str(len(part))
    return Response(part.cut(entry.body), 206, own)


def unchanged(headers: Mapping[str, str]) -> Response:
    return Response(b"", 304, dict(headers))
