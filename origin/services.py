"""Every opened resource, how it is opened from the settings, and what rules it is used by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict

from cache.object_location import parse_location
from cache.purges import Purges
from cache.shared import read_url
from origin.account import Account
from origin.admission import Admission
from origin.caching import Caches, node_name, open_caches
from origin.claims import Claims
from origin.costs import Costs
from origin.head_start import HeadStart
from origin.hot import Hot
from origin.kept_sources import KeptSources, keep_sources
from origin.metrics.lag import watching_lag
from origin.metrics.meter import Meter
from origin.poison import Poisoned
from origin.quota import cpu_quota
from origin.rate_limits import Ledgers, MissLimits, open_ledgers
from origin.recycling import Span
from origin.rendering import Renderer
from origin.rules import Rules, make_rules, noting
from origin.sandbox import Confinement
from origin.settings import Settings, SettingsError
from origin.sources.local import check_root
from origin.sources.router import Sources, open_sources
from origin.sources.s3_names import check_buckets, check_endpoint
from origin.sources.web_hosts import check_hosts
from origin.tracing import open_tracing, traces_url
from origin.variant_guard import VariantBudget
from origin.variants import Variants
from origin.watchdog import Watchdog, watching
from origin.workers import Workers, open_workers

if TYPE_CHECKING:
    from origin.spans import Traces

# A page asks for all widths of a picture within a second or two.
_KEEP_SOURCES_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Services:
    """What a request is answered with: resources that stay, and the rules of the moment."""

    settings: Settings
    rules: Rules
    stores: Sources
    sources: KeptSources
    workers: Workers
    watchdog: Watchdog
    caches: Caches
    ledgers: Ledgers
    variants: Variants
    limits: MissLimits | None = None
    traces: Traces | None = None

    def under(self, settings: Settings, rules: Rules) -> Services:
        """The same resources, used by other rules. Who has these services goes on as before."""
        renderer = replace(
            self.variants.renderer, max_src_bytes=rules.max_src_bytes, limits=rules.limits
        )
        return replace(
            self,
            settings=settings,
            rules=rules,
            variants=replace(
                self.variants,
                renderer=renderer,
                claims=replace(self.variants.claims, timeout=rules.timeout),
                timeout=rules.timeout,
                most_avif_ms=rules.most_avif_ms,
            ),
            limits=self.ledgers.limits(rules.rates, trusted=rules.trusted, scheme=rules.scheme),
        )

    def hold(self) -> None:
        """Set what the rules say of all requests together on the resources that count it."""
        rules, variants = self.rules, self.variants
        variants.renderer.admission.max_bytes = rules.max_in_hand_bytes
        self.watchdog.request_seconds = rules.timeout
        if variants.budget is not None:
            variants.budget.most = rules.max_variants
        self.caches.go_by(
            timeout=rules.timeout, pointer_ttl=rules.pointer_ttl, negative_ttl=rules.negative_ttl
        )


class State(TypedDict):
    """What every request is given: all that it may look at, as it is when the request comes."""

    services: Services
    hot: Hot
    account: Account


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
        if settings.otlp_endpoint is not None:
            traces_url(settings.otlp_endpoint)
    except ValueError as error:
        raise SettingsError(str(error)) from error


def check(settings: Settings) -> Rules:
    """SettingsError with everything that keeps these settings from being used together."""
    problems: list[str] = []
    with noting(problems):
        rules = make_rules(settings)
    with noting(problems):
        check_sources(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return rules


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """SettingsError if anything in the settings cannot be used."""
    rules = check(settings)
    async with AsyncExitStack() as stack:
        # Closed last: until then there is something to tell.
        traces = await stack.enter_async_context(
            open_tracing(
                settings.otlp_endpoint, ratio=settings.trace_ratio, node=node_name(settings)
            )
        )
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
                rules.limits,
                confinement=Confinement(settings.sandbox, settings.worker_mb),
                span=Span(settings.worker_jobs, settings.worker_rss_mb << 20),
            )
        )
        watchdog = await stack.enter_async_context(watching(workers, request_seconds=rules.timeout))
        try:
            caches = await stack.enter_async_context(open_caches(settings, sources, purges))
        except ValueError as error:
            raise SettingsError(str(error)) from error
        ledgers = await stack.enter_async_context(open_ledgers(settings.cache_redis_url))
        meter = Meter()
        await stack.enter_async_context(watching_lag(meter.lag))
        admission = Admission(workers.count, Costs(), max_bytes=rules.max_in_hand_bytes)
        variants = Variants(
            Renderer(sources, workers, admission, Poisoned(), rules.max_src_bytes, rules.limits),
            caches.tiers,
            caches.pointers,
            caches.purges,
            caches.flights,
            Claims(
                caches.tiers,
                caches.leases,
                caches.afterwards,
                HeadStart(caches.afterwards),
                rules.timeout,
            ),
            caches.afterwards,
            rules.timeout,
            rules.most_avif_ms,
            VariantBudget(rules.max_variants),
            meter,
        )
        limits = ledgers.limits(rules.rates, trusted=rules.trusted, scheme=rules.scheme)
        yield Services(
            settings,
            rules,
            stores,
            sources,
            workers,
            watchdog,
            caches,
            ledgers,
            variants,
            limits,
            traces,
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
