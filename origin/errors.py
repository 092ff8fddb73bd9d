"""What a client is told when something goes wrong: one table for every error.

OriginError
├── UrlTooLong       more bytes than any honest URL has
├── Expired          the URL's `expires` has passed
├── PreconditionFailed
├── RangeNotSatisfiable
├── Overloaded       no room in the queue; worth trying again
├── Deadline         not done within SAFELIGHT_TIMEOUT
│   └── Stalled      the process that was to do it stood still
├── RateLimited      more new results than this client or key may have made
├── TooManyVariants  more different results of one source than are made in a day
├── ClientGone       nobody waits for the answer any more
├── WorkerCrashed    the process that worked on this picture died
└── SourceKillsWorkers  and so did another: nobody works on it for an hour
"""

from __future__ import annotations

import math
from typing import NamedTuple

from starlette.exceptions import HTTPException

from cache.flight import FlightCancelled
from origin.sources import errors as sources
from origin.standing import Standing
from signing import errors as signing
from transforms import errors as transforms


class OriginError(Exception):
    """A request that this server cannot answer as asked."""


class UrlTooLong(OriginError):
    """The path has more bytes than any honest URL has."""


class Expired(OriginError):
    """The URL's `expires` has passed."""


class PreconditionFailed(OriginError):
    """The request wants another result than the present one, or none."""


class RangeNotSatisfiable(OriginError):
    """No byte of the result is in the range. size: of the result, for Content-Range."""

    def __init__(self, message: str, *, size: int = 0) -> None:
        super().__init__(message)
        self.size = size


class Overloaded(OriginError):
    """There is no room in the queue. retry_after: seconds until there may be."""

    def __init__(self, message: str, *, retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = max(1, retry_after)


class RateLimited(OriginError):
    """Who asks has had as many new results made as they may.

    standings: of their quotas; the last of them is the one that is used up.
    """

    def __init__(self, message: str, standings: tuple[Standing, ...] = ()) -> None:
        super().__init__(message)
        self.standings = standings

    @property
    def retry_after(self) -> int:
        """Seconds until there is something left, at least 1."""
        return max(1, math.ceil(self.standings[-1].reset)) if self.standings else 1


class TooManyVariants(OriginError):
    """As many different results of this source were begun today as may be."""


class Deadline(OriginError):
    """The work was not done in time."""


class Stalled(Deadline):
    """The process that was to do the work made no progress, and was ended."""


class ClientGone(OriginError):
    """The client closed the connection before its answer was there."""


class WorkerCrashed(OriginError):
    """The process that worked on this picture died of it."""


class SourceKillsWorkers(OriginError):
    """Two processes that worked on this source died of it not long ago."""


class Answer(NamedTuple):
    """status: HTTP. code: for X-Safelight-Error. public: what the client reads.
    detail: the error's own words follow; only where they are about the client's own URL or picture.
    lasting: the same request would fare the same for a while, so caches may remember it shortly.
    """

    status: int
    code: str
    public: str
    detail: bool = False
    lasting: bool = False


def _picture(status: int, code: str, public: str) -> Answer:
    """About the client's own picture, which stays as it is."""
    return Answer(status, code, public, detail=True, lasting=True)


ANSWERS: dict[type[Exception], Answer] = {
    signing.SignatureError: Answer(403, "signature", "The signature is not right"),
    signing.MissingSignature: Answer(403, "signature_missing", "The signature is missing"),
    signing.MalformedSignature: Answer(403, "signature_malformed", "The signature is malformed"),
    signing.WrongLength: Answer(403, "signature_length", "The signature has the wrong length"),
    signing.SignatureMismatch: Answer(403, "signature_mismatch", "The signature does not match"),
    transforms.TransformError: Answer(500, "transform", "The picture could not be made"),
    transforms.PlanError: Answer(400, "invalid_url", "Invalid image URL", True),
    transforms.ForbiddenOption: Answer(403, "option_forbidden", "Option not allowed", True),
    transforms.UnsupportedSource: _picture(415, "source_unsupported", "Not a supported picture"),
    transforms.UnsupportedOutput: Answer(
        422, "output_unsupported", "Unsupported result", True, lasting=True
    ),
    transforms.BrokenSource: Answer(
        422, "source_broken", "The source is broken", True, lasting=True
    ),
    transforms.LimitExceeded: _picture(422, "limit_exceeded", "Over a limit"),
    transforms.EngineError: Answer(500, "engine", "The picture could not be made"),
    sources.SourceError: Answer(502, "source", "The source could not be fetched"),
    sources.SourceReferenceError: Answer(400, "source_reference", "Invalid source", True),
    sources.SourceNotAllowed: Answer(404, "source_not_allowed", "The source is not allowed"),
    sources.SourceNotFound: Answer(
        404, "source_not_found", "There is no such source", lasting=True
    ),
    sources.SourceTooLarge: Answer(
        413, "source_too_large", "The source is too large", True, lasting=True
    ),
    sources.SourceChanged: Answer(502, "source_changed", "The source kept changing"),
    sources.SourceTruncated: Answer(502, "source_truncated", "The source came incomplete"),
    sources.SourceTimeout: Answer(504, "source_timeout", "The source did not answer in time"),
    sources.SourceUnavailable: Answer(502, "source_unavailable", "The source is unavailable"),
    sources.SourceBusy: Answer(503, "source_busy", "The source is busy, try again"),
    sources.SourceDenied: Answer(502, "source_denied", "The source refused this server"),
    OriginError: Answer(500, "internal", "Internal error"),
    UrlTooLong: Answer(414, "url_too_long", "The URL is too long", True),
    Expired: Answer(410, "expired", "The URL has expired"),
    PreconditionFailed: Answer(412, "precondition_failed", "Not the result that was expected"),
    RangeNotSatisfiable: Answer(416, "range", "No byte of the picture is in the range", True),
    Overloaded: Answer(503, "overloaded", "Busy, try again"),
    RateLimited: Answer(429, "rate_limited", "Too many new pictures, try again later", True),
    # Not 429: it is the source that has had its share, whoever asks.
    TooManyVariants: Answer(
        422, "too_many_variants", "Too many variants of one source", True, lasting=True
    ),
    Deadline: Answer(504, "deadline", "Not done in time"),
    Stalled: Answer(504, "stalled", "Not done in time"),
    FlightCancelled: Answer(503, "stopping", "This server stops, try again"),
    ClientGone: Answer(499, "client_gone", "The client is gone"),
    WorkerCrashed: Answer(422, "worker_crashed", "The source could not be processed"),
    SourceKillsWorkers: Answer(
        422, "source_kills_workers", "The source cannot be processed", lasting=True
    ),
}
_UNFORESEEN = Answer(500, "internal", "Internal error")
_BY_ROUTER = {404: "not_found", 405: "method_not_allowed"}


def answer_to(error: Exception) -> Answer:
    """The nearest entry along the error's ancestry."""
    if isinstance(error, HTTPException):
        code = _BY_ROUTER.get(error.status_code, "http")
        return Answer(error.status_code, code, str(error.detail))
    return next((ANSWERS[cls] for cls in type(error).__mro__ if cls in ANSWERS), _UNFORESEEN)
