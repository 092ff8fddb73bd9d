"""One door to all sources: a full reference goes in, the right source is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from origin.sources.errors import SourceNotAllowed
from origin.sources.guarded import GuardedSource
from origin.sources.guarded_hosts import HOSTS_AT_ONCE, GuardedHosts
from origin.sources.local import LocalFolder, check_root
from origin.sources.reference import Reference
from origin.sources.s3_names import check_buckets
from origin.sources.source import Blob, Source, Version
from origin.sources.web import open_web

_ENABLED_BY = {
    "local": "SAFELIGHT_LOCAL_ROOT",
    "s3": "SAFELIGHT_S3_BUCKETS",
    "http": "SAFELIGHT_HTTP_ALLOW",
    "https": "SAFELIGHT_HTTP_ALLOW",
}
_WEB = ("http", "https")


class Sources:
    """Scheme → bucket → source. A `Source` itself, whose keys are full references.

    Only what is listed here can be reached: nothing is opened because a URL names it. The hosts of
    http and https may be many: one source has them all, is asked by full references and checks
    them itself.
    """

    def __init__(
        self, schemes: Mapping[str, Mapping[str, Source]], web: Source | None = None
    ) -> None:
        self._schemes = schemes
        self._web = web

    def facts(self) -> dict[str, dict[str, Any]]:
        """How each bucket and host that has a guard fares."""
        buckets = {
            f"{scheme}://{bucket}": source.facts()
            for scheme, sources in self._schemes.items()
            for bucket, source in sources.items()
            if isinstance(source, GuardedSource)
        }
        return buckets | (self._web.facts() if isinstance(self._web, GuardedHosts) else {})

    @property
    def forgotten(self) -> Mapping[str, int]:
        """Counts of hosts that `facts` has no longer."""
        return self._web.forgotten if isinstance(self._web, GuardedHosts) else {}

    async def stat(self, key: str) -> Version:
        """The current version of the source that a reference names."""
        source, name = self._find(Reference.parse(key))
        return await source.stat(name)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """The bytes of the source that a reference names."""
        source, name = self._find(Reference.parse(key))
        return await source.fetch(name, max_bytes=max_bytes, version=version)

    def _find(self, reference: Reference) -> tuple[Source, str]:
        """A source, and what it is asked for."""
        scheme, bucket = reference.scheme, reference.bucket
        if scheme in _WEB and self._web is not None:
            return self._web, str(reference)
        buckets = self._schemes.get(scheme, {})
        if bucket in buckets:
            return buckets[bucket], reference.name
        setting = _ENABLED_BY.get(scheme)
        if setting is None:
            raise SourceNotAllowed(f"{scheme} sources are not supported by this version")
        if not buckets:
            raise SourceNotAllowed(f"{scheme} sources are off: {setting} is not set")
        raise SourceNotAllowed(f"{scheme} bucket {bucket!r} is not listed in {setting}")


@asynccontextmanager
async def open_sources(
    *,
    local_root: Path | None = None,
    s3_buckets: tuple[str, ...] = (),
    s3_endpoint: str | None = None,
    s3_region: str | None = None,
    http_allow: tuple[str, ...] = (),
    http_allow_private: bool = False,
    timeout: float = 10.0,  # noqa: ASYNC109  (handed to every request, not to this function)
    connections: int = 32,
    s3_connections: int | None = None,
    max_stat_bytes: int = 100 << 20,
) -> AsyncIterator[Sources]:
    """Open what the arguments name and close it at the end; `ValueError` names a wrong setting.

    `timeout` is in seconds and holds for one `stat` or `fetch`, retry and waiting included.
    Each bucket and host has `connections` to itself, so all buckets together never run out of
    those of their client (`s3_connections`). Hosts may be too many for that.
    `max_stat_bytes` bounds what a `stat` reads of a web host that tells no version.
    """

    def guarded(source: Source, name: str) -> Source:
        return GuardedSource(source, name, connections=connections, timeout=timeout)

    schemes: dict[str, dict[str, Source]] = {}
    web: Source | None = None
    async with AsyncExitStack() as stack:
        if local_root is not None:
            schemes["local"] = {"": guarded(LocalFolder(check_root(local_root)), "local:///")}
        if s3_buckets:
            # Half a second of a start, for those alone who have any.
            from origin.sources.s3_buckets import open_buckets

            names = check_buckets(s3_buckets)
            buckets = await stack.enter_async_context(
                open_buckets(
                    names,
                    endpoint=s3_endpoint,
                    region=s3_region,
                    timeout=timeout,
                    connections=s3_connections or connections * len(names),
                )
            )
            schemes["s3"] = {
                name: guarded(bucket, f"s3://{name}") for name, bucket in buckets.items()
            }
        if http_allow:
            hosts = await stack.enter_async_context(
                open_web(
                    http_allow,
                    private=http_allow_private,
                    timeout=timeout,
                    connections=connections * HOSTS_AT_ONCE,
                    max_stat_bytes=max_stat_bytes,
                )
            )
            web = GuardedHosts(hosts, connections=connections, timeout=timeout)
        yield Sources(schemes, web)
