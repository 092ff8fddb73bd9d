"""Pictures of web hosts, for `https://host/path?query`; only hosts of SAFELIGHT_HTTP_ALLOW.

Up to three redirects are followed, and each is checked as the first URL was: host, port, address;
one from https to http is refused. Nothing of the client's is sent along, no cookie is kept, no
proxy of the environment used, no user name or password accepted.

The version is the ETag, else time of change and size. A host that tells neither is slow: the
version is a hash of the bytes then, so that a `stat` costs as much as a `fetch`.

The deadline covers waiting for a slot, redirects and the body; silence ends after half of it. A
request is repeated once where the connection broke before any answer, as kept ones do.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import anyio
import httpcore
from anyio import CapacityLimiter

from origin.picture_file import PictureWriter
from origin.sources.errors import (
    SourceChanged,
    SourceNotAllowed,
    SourceTimeout,
    SourceTooLarge,
    SourceTruncated,
    SourceUnavailable,
)
from origin.sources.source import Blob, Version
from origin.sources.web_answer import Answer
from origin.sources.web_hosts import HostRule, check_hosts
from origin.sources.web_pool import ConnectionPool
from origin.sources.web_target import Target
from origin.sources.web_transport import GuardedNetwork, Resolve, resolve_host

MAX_REDIRECTS = 3
_FIELDS = (
    ("User-Agent", "Safelight"),
    ("Accept", "image/*,*/*;q=0.5"),
    ("Accept-Encoding", "identity"),
)


@asynccontextmanager
async def open_web(
    hosts: tuple[str, ...],
    *,
    private: bool = False,
    timeout: float = 10.0,  # noqa: ASYNC109  (handed to every request, not to this function)
    connections: int = 64,
    max_stat_bytes: int = 100 << 20,
    resolve: Resolve = resolve_host,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[WebSource]:
    """The hosts of SAFELIGHT_HTTP_ALLOW until the block is left; `ValueError` names a wrong one.

    `max_stat_bytes` is how much is read to learn the version of what has no validator. Without
    `tls`, certificates are trusted that the system (SSL_CERT_FILE, SSL_CERT_DIR) or certifi trusts.
    """
    rules = check_hosts(hosts, private=private)
    network = GuardedNetwork(private=private, resolve=resolve)
    tls = httpcore.default_ssl_context() if tls is None else tls
    pool = ConnectionPool(network, tls, max_kept=connections)
    async with aclosing(pool):
        yield WebSource(
            pool, rules, timeout=timeout, connections=connections, max_stat_bytes=max_stat_bytes
        )


class WebSource:
    """A `Source` whose keys are full references."""

    def __init__(
        self,
        pool: ConnectionPool,
        rules: tuple[HostRule, ...],
        *,
        timeout: float,
        connections: int,
        max_stat_bytes: int,
    ) -> None:
        self._pool = pool
        self._rules = rules
        self._timeout = timeout
        self._slots = CapacityLimiter(connections)
        self._max_stat_bytes = max_stat_bytes

    async def stat(self, key: str) -> Version:
        """The version of what the reference names."""
        target = self._target(key)
        async with self._deadline(key):
            async with self._answer("HEAD", target, key) as answer:
                if not answer.headless:
                    answer.check(key)
                    if answer.version is not None:
                        return answer.version
            async with self._answer("GET", target, key) as answer:
                answer.check(key)
                if answer.version is not None:
                    return answer.version
                return (await _read(answer, key, max_bytes=self._max_stat_bytes)).version

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """The bytes of what the reference names."""
        target = self._target(key)
        async with self._deadline(key), self._answer("GET", target, key) as answer:
            answer.check(key)
            # If-Match is left out: few hosts heed it, and nothing of the body is read in vain.
            if answer.version is not None:
                _check_version(answer.version, version, key)
            blob = await _read(answer, key, max_bytes=max_bytes)
            _check_version(blob.version, version, key)
            return blob

    def _target(self, key: str) -> Target:
        target = Target.parse(key)
        self._check_listed(target)
        return target

    def _check_listed(self, target: Target) -> None:
        scheme, host, port = target.scheme, target.host, target.port
        if not any(rule.admits(scheme, host, port) for rule in self._rules):
            raise SourceNotAllowed(
                f"{scheme} host {target.netloc!r} is not listed in SAFELIGHT_HTTP_ALLOW"
            )

    @asynccontextmanager
    async def _answer(self, method: str, target: Target, where: str) -> AsyncIterator[Answer]:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._send(method, target) as answer:
                if answer.location is None:
                    yield answer
                    return
            target = target.follow(answer.location)
            self._check_listed(target)
        raise SourceUnavailable(
            f"{where}: expected at most {MAX_REDIRECTS} redirects, got one more, to {target}"
        )

    @asynccontextmanager
    async def _send(self, method: str, target: Target) -> AsyncIterator[Answer]:
        request = self._request(method, target)
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(self._pool.send(request))
            except (httpcore.ReadError, httpcore.RemoteProtocolError):
                response = await stack.enter_async_context(self._pool.send(request))
            answer = Answer(method, response)
            await answer.finish_if_short()
            yield answer

    def _request(self, method: str, target: Target) -> httpcore.Request:
        patience = self._timeout / 2
        return httpcore.Request(
            method,
            httpcore.URL(
                scheme=target.scheme, host=target.host, port=target.port, target=target.path
            ),
            headers=[("Host", target.netloc), *_FIELDS],
            extensions={"timeout": {"connect": patience, "read": patience, "write": patience}},
        )

    @asynccontextmanager
    async def _deadline(self, where: str) -> AsyncIterator[None]:
        try:
            with anyio.fail_after(self._timeout):
                async with self._slots:
                    yield
        except (TimeoutError, httpcore.TimeoutException) as exc:
            raise SourceTimeout(
                f"{where}: expected all of the answer within {self._timeout:g} s "
                f"(SAFELIGHT_TIMEOUT), got {type(exc).__name__} {exc}"
            ) from exc
        # An alert of TLS in mid-connection comes as it is.
        except (httpcore.NetworkError, httpcore.ProtocolError, ssl.SSLError) as exc:
            raise SourceUnavailable(f"{where}: expected an answer, got: {exc}") from exc


def _check_version(found: Version, wanted: Version | None, where: str) -> None:
    if wanted is not None and wanted.validator != found.validator:
        raise SourceChanged(where, expected=wanted.validator, found=found.validator)


async def _read(answer: Answer, where: str, *, max_bytes: int) -> Blob:
    announced, version = answer.size, answer.version
    if announced is not None and announced > max_bytes:
        raise SourceTooLarge(where, size=announced, limit=max_bytes)
    writer, digest = PictureWriter(), hashlib.sha256()
    try:
        async with aclosing(answer.chunks(where)) as chunks:
            async for chunk in chunks:
                if writer.size + len(chunk) > max_bytes:
                    raise SourceTooLarge(where, size=writer.size + len(chunk), limit=max_bytes)
                writer.write(chunk)
                if version is None:
                    digest.update(chunk)
        if announced is not None and writer.size != announced:
            raise SourceTruncated(where, expected=announced, got=writer.size)
        if version is None:
            version = answer.versioned(f"sha256:{digest.hexdigest()}", writer.size)
        return Blob(version, writer.finish())
    finally:
        del writer  # a traceback would keep the bytes in memory
