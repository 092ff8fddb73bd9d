"""Successful answers: the picture, and 304 with the same headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from origin.disposition import content_disposition
from origin.freshness import fresh_for, freshness_headers, http_date
from transforms.encode import Encoded
from transforms.output import Delivery
from transforms.plan import Plan

# How long an edge may go on with a copy while it asks for a new one, and while we are down.
STALE_WHILE_REVALIDATE = 7 * 86400
STALE_IF_ERROR = 30 * 86400


@dataclass(frozen=True, slots=True)
class Validators:
    """What a client can revalidate a result with. modified: Unix seconds, of the source."""

    etag: str
    modified: float | None


def validator_headers(
    plan: Plan, validators: Validators, *, ttl: int, now: float
) -> dict[str, str]:
    """The headers that a 200 and its 304 have in common."""
    freshness = fresh_for(
        ttl,
        expires=plan.of(Delivery).expires or None,
        now=now,
        stale_while_revalidate=STALE_WHILE_REVALIDATE,
        stale_if_error=STALE_IF_ERROR,
    )
    headers = {"etag": validators.etag, **freshness_headers(freshness)}
    if validators.modified is not None:
        headers["last-modified"] = http_date(validators.modified)
    return headers


def picture(encoded: Encoded, plan: Plan, headers: Mapping[str, str], *, head: bool) -> Response:
    """The result with its name; a HEAD has the same headers and no body."""
    delivery = plan.of(Delivery)
    own = {
        **headers,
        "content-type": encoded.media_type,
        "content-length": str(len(encoded.data)),
        "content-disposition": content_disposition(
            filename=delivery.filename,
            source=plan.source,
            extension=encoded.extension,
            attachment=delivery.attachment,
        ),
    }
    if encoded.chosen == "source":
        own["x-safelight-chosen"] = "source"
    return Response(b"" if head else encoded.data, 200, own)


def unchanged(headers: Mapping[str, str]) -> Response:
    return Response(b"", 304, dict(headers))
