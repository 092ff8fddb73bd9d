"""Every opened resource, and how it is opened from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

from origin.config_file import read_config_file
from origin.quota import cpu_quota
from origin.settings import Settings, SettingsError
from origin.sources.local import check_root
from origin.sources.router import Sources, open_sources
from origin.sources.s3_client import check_buckets, check_endpoint
from origin.workers import Workers, open_workers
from signing.errors import KeyConfigError
from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.keys import parse_pairs
from signing.scheme import Scheme
from transforms.dialects.imgproxy import Dialect, Imgproxy
from transforms.errors import PlanError
from transforms.limits import Limits
from transforms.references import write_base64


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    scheme: Scheme
    dialect: Dialect
    sources: Sources
    workers: Workers


class State(TypedDict):
    """What the lifespan gives to every request."""

    services: Services


def make_scheme(settings: Settings) -> Scheme:
    """SettingsError without keys, unless SAFELIGHT_UNSAFE=1."""
    if settings.unsafe:
        return AnySignature()
    if not settings.keys and not settings.salts:
        raise SettingsError(
            "SAFELIGHT_KEYS and SAFELIGHT_SALTS are not set: `safelight keygen` makes a pair;"
            " SAFELIGHT_UNSAFE=1 answers unsigned URLs"
        )
    try:
        return ImgproxyScheme(parse_pairs(settings.keys, settings.salts))
    except KeyConfigError as error:
        raise SettingsError(str(error)) from error


def make_dialect(settings: Settings) -> Dialect:
    """SettingsError names a preset that cannot be read."""
    base = []
    if settings.quality:
        base.append(f"q:{settings.quality}")
    if settings.watermark:
        base.append(f"wmu:{write_base64(settings.watermark)}")
    try:
        return Imgproxy(
            presets=read_config_file(settings.config).presets,
            only_presets=settings.only_presets,
            base="/".join(base),
            security_options=settings.allow_security_options,
            file_names=settings.base64_filename,
        )
    except PlanError as error:
        raise SettingsError(f"SAFELIGHT_CONFIG: {error}") from error


def make_limits(settings: Settings) -> Limits:
    return Limits(
        max_src_megapixels=settings.max_src_megapixels,
        max_frames=settings.max_frames,
        max_result_megapixels=settings.max_result_megapixels,
    )


def check_sources(settings: Settings) -> None:
    """SettingsError if there is no such folder, endpoint or kind of bucket."""
    try:
        if settings.local_root is not None:
            check_root(settings.local_root)
        check_endpoint(settings.s3_endpoint)
        check_buckets(settings.s3_buckets)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def check(settings: Settings) -> None:
    """SettingsError with everything that keeps these settings from being used together."""
    problems = []
    for part in (make_scheme, make_dialect, check_sources):
        try:
            part(settings)
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """SettingsError if anything in the settings cannot be used."""
    check(settings)
    scheme, dialect = make_scheme(settings), make_dialect(settings)
    async with AsyncExitStack() as stack:
        try:
            sources = await stack.enter_async_context(
                open_sources(
                    local_root=settings.local_root,
                    s3_buckets=settings.s3_buckets,
                    s3_endpoint=settings.s3_endpoint,
                    s3_region=settings.s3_region,
                    timeout=settings.timeout,
                )
            )
        except ValueError as error:
            raise SettingsError(f"the S3 client cannot be opened: {error}") from error
        workers = await stack.enter_async_context(
            open_workers(settings.workers or cpu_quota(), make_limits(settings))
        )
        yield Services(settings, scheme, dialect, sources, workers)
