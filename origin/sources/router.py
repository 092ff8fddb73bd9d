"""One door to all sources: a full reference goes in, the right source is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from origin.sources.errors import SourceNotAllowed
from origin.sources.local import LocalFolder, check_root
from origin.sources.reference import Reference
from origin.sources.s3 import S3Bucket
from origin.sources.s3_client import check_buckets, open_client
from origin.sources.source import Blob, Source, Version

_ENABLED_BY = {"local": "SAFELIGHT_LOCAL_ROOT", "s3": "SAFELIGHT_S3_BUCKETS"}


class Sources:
    """Scheme → bucket → source. A `Source` itself, whose keys are full references.

    Only what is listed here can be reached: nothing is opened because a URL names it.
    """

    def __init__(self, schemes: Mapping[str, Mapping[str, Source]]) -> None:
        self._schemes = schemes

    async def stat(self, key: str) -> Version:
        """The current version of the source that a reference names."""
        reference = Reference.parse(key)
        return await self._find(reference).stat(reference.name)

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """The bytes of the source that a reference names."""
        reference = Reference.parse(key)
        source = self._find(reference)
        return await source.fetch(reference.name, max_bytes=max_bytes, version=version)

    def _find(self, reference: Reference) -> Source:
        scheme, bucket = reference.scheme, reference.bucket
        buckets = self._schemes.get(scheme, {})
        if bucket in buckets:
            return buckets[bucket]
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
    timeout: float = 10.0,  # noqa: ASYNC109  (handed to every request, not to this function)
    s3_connections: int = 64,
) -> AsyncIterator[Sources]:
    """Open what the arguments name and close it at the end; `ValueError` names a wrong setting.

    `timeout` is in seconds and holds for one `stat` or `fetch`, retry and waiting included.
    """
    schemes: dict[str, dict[str, Source]] = {}
    async with AsyncExitStack() as stack:
        if local_root is not None:
            schemes["local"] = {"": LocalFolder(check_root(local_root))}
        if s3_buckets:
            names = check_buckets(s3_buckets)
            client = await stack.enter_async_context(
                open_client(
                    endpoint=s3_endpoint,
                    region=s3_region,
                    timeout=timeout,
                    connections=s3_connections,
                )
            )
            schemes["s3"] = {name: S3Bucket(client, name, timeout=timeout) for name in names}
        yield Sources(schemes)
