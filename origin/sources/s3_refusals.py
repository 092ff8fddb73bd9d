"""What S3's refusals mean: botocore's exceptions become ours, with a hint for the operator."""

from __future__ import annotations

import aiohttp
from botocore.exceptions import (  # type: ignore[import-untyped]
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ReadTimeoutError,
    SSLError,
    TokenRetrievalError,
)

from origin.sources.errors import (
    SourceDenied,
    SourceError,
    SourceNotFound,
    SourceReferenceError,
    SourceTimeout,
    SourceUnavailable,
)

FAULTS: tuple[type[Exception], ...] = (
    ClientError,
    BotoCoreError,
    aiohttp.ClientError,
    TimeoutError,
)
"""All that a call of the client, or reading a body of its, may raise."""

_KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the role of this machine"
_RENEW = "the session token is old: renew AWS_SESSION_TOKEN, or use a role that is renewed"
_ELSEWHERE = (
    "the bucket is elsewhere: check SAFELIGHT_S3_REGION, "
    "and whether SAFELIGHT_S3_ENDPOINT should be https"
)
_HINTS = {
    "AllAccessDisabled": "the account or bucket is disabled",
    "AuthorizationHeaderMalformed": "SAFELIGHT_S3_REGION is not the bucket's region",
    "ExpiredToken": _RENEW,
    "IllegalLocationConstraintException": "SAFELIGHT_S3_REGION is not the bucket's region",
    "InvalidAccessKeyId": _KEYS,
    "InvalidObjectState": "the object is archived: restore it first",
    "InvalidToken": _RENEW,
    "NoSuchBucket": "check SAFELIGHT_S3_BUCKETS and SAFELIGHT_S3_ENDPOINT",
    "RequestExpired": _RENEW,
    "RequestTimeTooSkewed": "the clock of this machine is wrong",
    "SignatureDoesNotMatch": f"{_KEYS}, and that no proxy rewrites the request",
    "TokenRefreshRequired": _RENEW,
}
# A delete marker answers MethodNotAllowed.
_ABSENT = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
_MALFORMED = {"InvalidArgument", "InvalidURI", "KeyTooLongError", "NotImplemented"}
_OVERLOAD = {"SlowDown", "Throttling", "ThrottlingException", "TooManyRequests", "RequestTimeout"}
_CREDENTIALS = (
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    TokenRetrievalError,
)


def code_of(exc: ClientError) -> str:
    """S3's word for what is wrong; the bare status as text where the answer had no body."""
    return str(exc.response.get("Error", {}).get("Code", ""))


def status_of(exc: ClientError) -> int:
    """The status of the refusal."""
    return int(exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def translated(exc: Exception, where: str) -> SourceError:
    """The error of ours for one of `FAULTS`; `where` names the object in the message."""
    if isinstance(exc, ClientError):
        return _refusal(exc, where)
    if isinstance(exc, (TimeoutError, ConnectTimeoutError, ReadTimeoutError)):
        return SourceTimeout(f"{where}: expected all of the answer within SAFELIGHT_TIMEOUT")
    if isinstance(exc, _CREDENTIALS):
        return SourceDenied(f"{where}: expected credentials in the AWS chain: {exc}; {_KEYS}")
    if isinstance(exc, SSLError):
        return SourceUnavailable(f"{where}: expected a trusted TLS certificate: {exc}")
    return SourceUnavailable(f"{where}: expected an answer (SAFELIGHT_S3_ENDPOINT): {exc}")


def _refusal(exc: ClientError, where: str) -> SourceError:
    code, status = code_of(exc), status_of(exc)
    came = f"{where}: got {status} {code}"
    if code in _HINTS:
        return SourceDenied(f"{came}: {_HINTS[code]}")
    if 300 <= status < 400:
        return SourceDenied(f"{came}: {_ELSEWHERE}")
    # S3 does not say that a key is missing to those who may not list the bucket.
    if code == "AccessDenied":
        return SourceNotFound(
            f"{came}: missing, or not to be read; s3:ListBucket would tell, s3:GetObject is needed"
        )
    if code in _ABSENT or status == 404:
        return SourceNotFound(f"{came}: there is no such object")
    if code in _MALFORMED:
        return SourceReferenceError(f"{came}: the store does not take this key or version id")
    if code in _OVERLOAD or status == 429 or status >= 500:
        return SourceUnavailable(f"{came}: the store is failing or overloaded")
    return SourceDenied(f"{came}: {exc}; the store refuses this server's requests")
