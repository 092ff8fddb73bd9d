"""Every opened resource, and how it is opened from the settings."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TypedDict

from cache.objects import parse_location
from cache.purges import Purges
from cache.shared import read_url
from origin.admission import Admission
from origin.caching import Caches, open_caches
from origin.client_address import read_networks
from origin.config_file import read_config_file
from origin.costs import Costs
from origin.hot import Hot
from origin.kept_sources import KeptSources, keep_sources
from origin.poison import Poisoned
from origin.policy import Policies
from origin.quota import cpu_quota
from origin.rate_limits import MissLimits, Rates, open_limits, read_rates
from origin.recycling import Span
from origin.rendering import Renderer
from origin.respond import Manner
from origin.sandbox import Confinement
from origin.settings import Settings, SettingsError
from origin.sources.local import check_root
from origin.sources.router import Sources, open_sources
from origin.sources.s3_client import check_buckets, check_endpoint
from origin.sources.source import Source
from origin.sources.web_hosts import check_hosts
from origin.variant_guard import Laddered, VariantBudget
from origin.variants import Variants
from origin.workers import Workers, open_workers
from signing.errors import KeyConfigError
from signing.imgproxy import AnySignature, ImgproxyScheme
from signing.keys import parse_pairs
from signing.scheme import Scheme
from transforms.dialects.imgproxy import Dialect, Imgproxy
from transforms.errors import PlanError
from transforms.limits import Limits
from transforms.references import write_base64

# A page asks for all widths of a picture within a second or two.
_KEEP_SOURCES_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    scheme: Scheme
    dialect: Dialect
    policies: Policies
    manner: Manner
    stores: Sources
    sources: KeptSources
    workers: Workers
    caches: Caches
    variants: Variants
    limits: MissLimits | None = None


class State(TypedDict):
    """What the lifespan gives to every request."""

    services: Services
    hot: Hot


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
        dialect = Imgproxy(
            presets=read_config_file(settings.config).presets,
            only_presets=settings.only_presets,
            base="/".join(base),
            security_options=settings.allow_security_options,
            file_names=settings.base64_filename,
        )
    except PlanError as error:
        raise SettingsError(f"SAFELIGHT_CONFIG: {error}") from error
    return Laddered(dialect, settings.widths) if settings.widths else dialect


def make_limits(settings: Settings) -> Limits:
    return Limits(
        max_src_megapixels=settings.max_src_megapixels,
        max_frames=settings.max_frames,
        max_result_megapixels=settings.max_result_megapixels,
    )


def make_manner(settings: Settings) -> Manner:
    return Manner(
        ttl=settings.ttl, tag_fields=settings.tag_headers, varies=bool(settings.auto_formats)
    )


def make_admission(settings: Settings, workers: Workers) -> Admission:
    max_bytes = int(settings.max_in_hand_mb * 2**20)
    return Admission(workers.count, Costs(), max_bytes=max_bytes)


def make_variants(
    settings: Settings,
    sources: Source,
    workers: Workers,
    caches: Caches,
    admission: Admission,
) -> Variants:
    return Variants(
        Renderer(sources, workers, admission, Poisoned(), int(settings.max_src_mb * 2**20)),
        caches.tiers,
        caches.pointers,
        caches.purges,
        caches.flights,
        caches.leases,
        caches.afterwards,
        settings.timeout,
        settings.auto_avif_ms,
        VariantBudget(settings.max_variants) if settings.max_variants else None,
    )


def make_rates(settings: Settings) -> Rates:
    """SettingsError if these, or the proxies that they need, cannot be read."""
    try:
        read_networks(settings.trusted_proxies)
        return read_rates(settings.miss_rate, settings.miss_rate_key)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def check_sources(settings: Settings) -> None:
    """SettingsError if there is no such folder, endpoint or kind of bucket."""
    try:
        if settings.local_root is not None:
            check_root(settings.local_root)
        check_endpoint(settings.s3_endpoint)
        check_buckets(settings.s3_buckets)
        check_hosts(settings.http_allow, private=settings.http_allow_private)
        if settings.cache_redis_url is not None:
            read_url(settings.cache_redis_url)
        if settings.cache_results is not None:
            parse_location(settings.cache_results)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def check(settings: Settings) -> None:
    """SettingsError with everything that keeps these settings from being used together."""
    problems = []
    for part in (make_scheme, make_dialect, make_rates, check_sources):
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
    async with AsyncExitStack() as stack:
        purges = Purges()
        stores = await _open_stores(settings, stack)
        sources = await stack.enter_async_context(
            keep_sources(
                stores,
                purges,
                max_bytes=int(settings.cache_sources_mb * 2**20),
                seconds=_KEEP_SOURCES_SECONDS,
                timeout=settings.timeout,
            )
        )
        workers = await stack.enter_async_context(
            open_workers(
                settings.workers or cpu_quota(),
                make_limits(settings),
                confinement=Confinement(settings.sandbox, settings.worker_mb),
                span=Span(settings.worker_jobs, settings.worker_rss_mb << 20),
            )
        )
        try:
            caches = await stack.enter_async_context(open_caches(settings, sources, purges))
        except ValueError as error:
            raise SettingsError(str(error)) from error
        scheme = make_scheme(settings)
        limits = await stack.enter_async_context(
            open_limits(
                make_rates(settings),
                trusted=read_networks(settings.trusted_proxies),
                scheme=scheme,
                redis_url=settings.cache_redis_url,
            )
        )
        yield Services(
            settings,
            scheme,
            make_dialect(settings),
            read_config_file(settings.config).policies,
            make_manner(settings),
            stores,
            sources,
            workers,
            caches,
            make_variants(settings, sources, workers, caches, make_admission(settings, workers)),
            limits,
        )


async def _open_stores(settings: Settings, stack: AsyncExitStack) -> Sources:
    try:
        return await stack.enter_async_context(
            open_sources(
                local_root=settings.local_root,
                s3_buckets=settings.s3_buckets,
                s3_endpoint=settings.s3_endpoint,
                s3_region=settings.s3_region,
                http_allow=settings.http_allow,
                http_allow_private=settings.http_allow_private,
                connections=settings.source_connections,
                max_stat_bytes=int(settings.max_src_mb * 2**20),
                timeout=settings.timeout,
            )
        )
    except ValueError as error:
        raise SettingsError(f"the sources cannot be opened: {error}") from error
