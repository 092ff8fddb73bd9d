"""What became of a request, in few words: from the code of its error, or what it was given.

hit           from a tier                      collapsed     made for somebody who asked before
made          by a worker, for this request    not_modified  304
degraded      less than was asked for          shed          turned away: no room, or no time
rate_limited  over a limit on new results      refused       unsigned, malformed, not allowed
source_missing, source_failed                  unprocessable the source cannot become a picture
timeout       not done in time                 client_gone   nobody waited for it any more
error         nobody foresaw it                other         no request for a picture
"""

from __future__ import annotations

from typing import Final, Literal

OUTCOMES: Final = (
    "hit",
    "made",
    "collapsed",
    "not_modified",
    "degraded",
    "shed",
    "rate_limited",
    "refused",
    "source_missing",
    "source_failed",
    "unprocessable",
    "timeout",
    "client_gone",
    "error",
    "other",
)
WITH_PICTURE: Final = frozenset({"hit", "made", "collapsed", "degraded"})

_CODES: Final = {
    "shed": ("overloaded", "source_busy", "stopping", "too_many_connections"),
    "rate_limited": ("rate_limited", "too_many_variants"),
    "refused": (
        "signature",
        "signature_missing",
        "signature_malformed",
        "signature_length",
        "signature_mismatch",
        "invalid_url",
        "option_forbidden",
        "source_reference",
        "source_not_allowed",
        "url_too_long",
        "expired",
        "precondition_failed",
        "range",
        "bad_request",
        "headers_too_large",
        "body_too_large",
        "request_timeout",
    ),
    "source_missing": ("source_not_found",),
    "source_failed": (
        "source",
        "source_changed",
        "source_truncated",
        "source_timeout",
        "source_unavailable",
        "source_denied",
    ),
    "unprocessable": (
        "source_too_large",
        "source_unsupported",
        "source_broken",
        "source_kills_workers",
        "output_unsupported",
        "limit_exceeded",
        "worker_crashed",
    ),
    "timeout": ("deadline", "stalled"),
    "client_gone": ("client_gone",),
    "error": ("transform", "engine", "internal", "http"),
    "other": ("not_found", "method_not_allowed"),
}
OF_CODE: Final = {code: outcome for outcome, codes in _CODES.items() for code in codes}

Class = Literal["hit", "made", "error"]


def outcome_of(*, code: str | None, given: str, status: int) -> str:
    """code: of the error, if it was one. given: what an `Account` says otherwise."""
    if code is not None:
        return OF_CODE.get(code, "error")
    return given or ("other" if status < 500 else "error")


def class_of(outcome: str, tier: str) -> Class | None:
    """How it counts among latencies; None for what says nothing of this server."""
    if outcome in ("client_gone", "other"):
        return None
    if outcome in ("hit", "not_modified") or (outcome == "degraded" and tier):
        return "hit"
    return "made" if outcome in ("made", "collapsed", "degraded") else "error"
