"""The one S3 client of the process: how it connects, how long it waits, how often it tries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from origin.sources.s3_credentials import RenewedCredentials
from origin.sources.s3_names import check_endpoint

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client


@asynccontextmanager
async def open_client(
    *,
    endpoint: str | None,
    region: str | None,
    timeout: float,  # noqa: ASYNC109  (a setting of the client)
    connections: int,
    credentials: RenewedCredentials | None = None,
    style: Literal["path", "virtual"] | None = None,
) -> AsyncIterator[S3Client]:
    """A client with the credentials of the standard AWS chain, which also renews them.

    credentials: not attached to anything yet, for who wants to sign with them as well. style: in
    place of the one that suits the endpoint.

    Retries happen here and nowhere else: two attempts per request, and none while too many of
    the recent ones failed (botocore's standard mode), and one more if the token was old. Silence
    is noticed well before the deadline of the whole, so that there is time left for the second
    attempt. Waiting for a connection ends with that deadline only, which is the caller's.
    """
    config = AioConfig(
        connect_timeout=min(2.0, timeout / 4),
        read_timeout=timeout / 2,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 2},
        # A name such as bucket.127.0.0.1 resolves nowhere: stores behind an own endpoint are
        # asked for /bucket/key.
        s3={"addressing_style": style or ("path" if endpoint else "auto")},
        # For 4 MB, CRC-32 takes 1.3 ms, SHA-256 3 ms, MD5 7 ms. AWS keeps the first for most
        # objects, but has to be asked for it, by a header that some other stores do not know.
        response_checksum_validation="when_required" if endpoint else "when_supported",
        request_checksum_calculation="when_required",
        # Names are checked by us.
        parameter_validation=False,
        # The default is put together anew for each request, which takes a fifth of its time.
        user_agent="Safelight",
    )
    session = AioSession()  # type: ignore[no-untyped-call]
    credentials = credentials or RenewedCredentials()
    credentials.attach(session)
    opening = session.create_client(  # type: ignore[no-untyped-call]
        "s3",
        endpoint_url=check_endpoint(endpoint),
        region_name=region or None,
        config=config,
    )
    async with opening as client:
        client.meta.events.register("before-call.s3.HeadBucket", _stop_redirecting)
        credentials.watch(client)
        yield client


def _stop_redirecting(params: dict[str, Any], **_: object) -> None:
    # After a 301, botocore looks for the bucket's region by HeadBucket. If that is answered by 301
    # as well (an http endpoint that redirects to https), it would ask itself for ever.
    params["context"].setdefault("s3_redirect", {})["redirected"] = True
