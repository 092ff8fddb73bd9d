"""One look at a bucket, and what its answer says besides: clocks, regions, another way in."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from origin.doctor.finding import Finding, fail, warn
from origin.sources.s3_client import open_client
from origin.sources.s3_refusals import FAULTS

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

Style = Literal["path", "virtual"]

_SKEW_SECONDS: Final = 300.0
_REFUSED_SECONDS: Final = 900.0  # S3 takes no signature that is older
_ADDRESS: Final = re.compile(r"[0-9.]+|.*:.*")


@dataclass(frozen=True, slots=True)
class Probe:
    """error: why the bucket could not be listed. key: of any object in it. headers: of S3."""

    ms: float
    key: str | None = None
    error: Exception | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str | None:
        """That of the bucket, if the store says it."""
        told = self.error.response.get("Error", {}) if isinstance(self.error, ClientError) else {}
        return self.headers.get("x-amz-bucket-region") or told.get("Region")


async def look(client: S3Client, bucket: str) -> Probe:
    """Lists one object."""
    began = time.perf_counter()
    answer: Mapping[str, Any] = {}
    error: Exception | None = None
    try:
        answer = await client.list_objects_v2(Bucket=bucket, MaxKeys=1)
    except ClientError as refusal:
        answer, error = refusal.response, refusal
    except FAULTS as fault:
        error = fault
    keys = [str(each.get("Key", "")) for each in answer.get("Contents", ())]
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    ms = (time.perf_counter() - began) * 1000
    return Probe(ms, keys[0] if keys else None, error, headers)


def skew_finding(date: str | None, *, now: float) -> Finding | None:
    """Of the store's clock, as its answer has it, and this one's."""
    try:
        skew = now - parsedate_to_datetime(date or "").timestamp()
    except ValueError:
        return None
    if abs(skew) <= _SKEW_SECONDS:
        return None
    found = f"this machine is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the store"
    fix = "run NTP: S3 refuses signatures that are 15 minutes off"
    return (fail if abs(skew) >= _REFUSED_SECONDS else warn)("clock", found, fix)


async def way_in(endpoint: str, region: str | None, bucket: str, *, seconds: float) -> str | None:
    """What to change so that the bucket answers; None if nothing was found that works."""
    others = list(_others(endpoint, bucket))
    work = await asyncio.gather(
        *(_works(other, region, bucket, style, seconds=seconds) for other, style, _ in others)
    )
    return next((fix for (_, _, fix), works in zip(others, work, strict=True) if works), None)


async def _works(
    endpoint: str, region: str | None, bucket: str, style: Style, *, seconds: float
) -> bool:
    opening = open_client(
        endpoint=endpoint, region=region, timeout=seconds, connections=1, style=style
    )
    with suppress(TimeoutError, ValueError, *FAULTS):
        async with opening as client, asyncio.timeout(seconds):
            return (await look(client, bucket)).error is None
    return False


def _others(endpoint: str, bucket: str) -> Iterator[tuple[str, Style, str]]:
    parts = urlsplit(endpoint)
    named = f"SAFELIGHT_S3_ENDPOINT={parts.scheme}://"
    if parts.netloc.startswith(f"{bucket}."):
        host = parts.netloc.removeprefix(f"{bucket}.")
        yield f"{parts.scheme}://{host}", "path", f"{named}{host}, without the bucket"
    if parts.path.strip("/"):
        yield f"{parts.scheme}://{parts.netloc}", "path", f"{named}{parts.netloc}, without a path"
    scheme = {"http": "https", "https": "http"}[parts.scheme]
    whole = parts._replace(scheme=scheme).geturl()
    yield whole, "path", f"SAFELIGHT_S3_ENDPOINT={whole}"
    if not _ADDRESS.fullmatch(parts.hostname or ""):
        fix = (
            f"the store takes {bucket}.{parts.netloc} (virtual-host style) alone, which is not "
            "used with SAFELIGHT_S3_ENDPOINT: name an endpoint of it that takes /bucket/key"
        )
        yield endpoint, "virtual", fix
