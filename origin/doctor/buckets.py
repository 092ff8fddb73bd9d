"""The buckets of sources and of results, asked as the server asks them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from botocore.exceptions import ClientError  # type: ignore[import-untyped]

from cache.object_location import parse_location
from origin.doctor.bucket_probe import Probe, look, skew_finding, way_in
from origin.doctor.finding import Finding, fail, ok, warn
from origin.settings import Settings
from origin.sources.errors import SourceTimeout
from origin.sources.s3_client import open_client
from origin.sources.s3_names import check_endpoint
from origin.sources.s3_refusals import FAULTS, code_of, status_of, translated

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client

# Less than a check may take, so that there is time left to look for what would work.
_SECONDS: Final = 2.5
_CREDENTIALS: Final = (
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN), a profile or a role"
)
_KEYS: Final = {"InvalidAccessKeyId", "SignatureDoesNotMatch"}
_OLD: Final = {"ExpiredToken", "InvalidToken", "RequestExpired", "TokenRefreshRequired"}


async def check_source_buckets(settings: Settings) -> Sequence[Finding]:
    return await _check("s3", settings, settings.s3_buckets)


async def check_results(settings: Settings) -> Sequence[Finding]:
    """Writes an object, reads and deletes it."""
    if settings.cache_results is None:
        return []
    try:
        bucket, prefix = parse_location(settings.cache_results)
    except ValueError:
        return []  # `check_settings` tells it
    findings = await _check("results", settings, (bucket,))
    if any(finding.level == "FAIL" for finding in findings):
        return findings
    async with _opened(settings) as client:
        return [*findings, await _written(client, bucket, prefix)]


async def _check(check: str, settings: Settings, buckets: Sequence[str]) -> list[Finding]:
    try:
        check_endpoint(settings.s3_endpoint)
    except ValueError:
        return []  # `check_settings` tells it
    if not buckets:
        return []
    async with _opened(settings) as client:
        probes = await asyncio.gather(*(_probed(client, bucket) for bucket in buckets))
        findings = [
            await _finding(check, settings, client, bucket, probe)
            for bucket, probe in zip(buckets, probes, strict=True)
        ]
    dates = (probe.headers.get("date") for probe in probes)
    skews = [skew_finding(date, now=time.time()) for date in dates]
    # They have one clock.
    return findings + [skew for skew in skews if skew is not None][:1]


async def _probed(client: S3Client, bucket: str) -> Probe:
    try:
        async with asyncio.timeout(_SECONDS):
            return await look(client, bucket)
    except TimeoutError as error:
        return Probe(_SECONDS * 1000, error=error)


async def _finding(
    check: str, settings: Settings, client: S3Client, bucket: str, probe: Probe
) -> Finding:
    where, error = f"s3://{bucket}", probe.error
    style = "path style" if settings.s3_endpoint else "the style of AWS"
    region = probe.region or client.meta.region_name or "no region"
    if error is None:
        if probe.key is not None and (refusal := await _unreadable(client, bucket, probe.key)):
            fix = "grant s3:GetObject on all objects"
            return fail(check, f"{where}: lists {probe.key!r}, but reading it: {refusal}", fix)
        found = f"{where}: {client.meta.endpoint_url}, {style}, {region}, {probe.ms:.0f} ms"
        return ok(check, found)
    if isinstance(error, ClientError) and code_of(error) == "AccessDenied":
        found = f"{where}: may not be listed, so a missing picture looks like a forbidden one"
        return warn(check, found, "grant s3:ListBucket on the bucket, s3:GetObject on its objects")
    if isinstance(error, TimeoutError):
        found = f"{where}: {client.meta.endpoint_url} did not answer within {_SECONDS:g} s"
    else:
        found = str(translated(error, where))
    return fail(check, found, await _fix(settings, client, bucket, probe))


async def _unreadable(client: S3Client, bucket: str, key: str) -> str:
    try:
        await client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        # What vanished meanwhile, or is archived, says nothing of permissions.
        return str(status_of(error)) if status_of(error) in (401, 403) else ""
    except FAULTS as error:
        return type(error).__name__
    return ""


async def _fix(settings: Settings, client: S3Client, bucket: str, probe: Probe) -> str:
    error = probe.error
    code = code_of(error) if isinstance(error, ClientError) else ""
    if code in _KEYS or "Credentials" in type(error).__name__:
        return f"give other credentials: {_CREDENTIALS}"
    if code in _OLD:
        return f"give fresh credentials: {_CREDENTIALS}"
    if probe.region and probe.region != client.meta.region_name:
        return f"SAFELIGHT_S3_REGION={probe.region}"
    if settings.s3_endpoint and not isinstance(error, TimeoutError | SourceTimeout):
        fix = await way_in(settings.s3_endpoint, settings.s3_region, bucket, seconds=_SECONDS)
        if fix is not None:
            return fix
    if code == "NoSuchBucket":
        return "make the bucket, or correct its name; see also SAFELIGHT_S3_ENDPOINT"
    return "see that SAFELIGHT_S3_ENDPOINT and SAFELIGHT_S3_REGION are right, and the way is open"


async def _written(client: S3Client, bucket: str, prefix: str) -> Finding:
    key = f"{prefix}/doctor-{uuid4().hex}".lstrip("/")
    where, began, doing = f"s3://{bucket}/{key}", time.perf_counter(), "s3:PutObject"
    try:
        async with asyncio.timeout(_SECONDS):
            await client.put_object(Bucket=bucket, Key=key, Body=b"x")
            doing = "s3:GetObject"
            answer = await client.get_object(Bucket=bucket, Key=key)
            async with answer["Body"] as body:
                await body.read()
            doing = "s3:DeleteObject"
            await client.delete_object(Bucket=bucket, Key=key)
    except FAULTS as error:
        found = f"{doing} does not work: {translated(error, where)}"
        fix = f"grant s3:GetObject, PutObject and DeleteObject below s3://{bucket}/{prefix}"
        return fail("results", found, fix)
    ms = (time.perf_counter() - began) * 1000
    return ok("results", f"s3://{bucket}/{prefix}: written, read and deleted in {ms:.0f} ms")


def _opened(settings: Settings) -> AbstractAsyncContextManager[S3Client]:
    return open_client(
        endpoint=settings.s3_endpoint,
        region=settings.s3_region,
        timeout=_SECONDS,
        connections=4,
    )
