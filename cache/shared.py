"""Redis, as all nodes of a fleet share it: one client, and the tier of results on top of it.

    <namespace>r:<key>      a result (this module)
    <namespace>l:<key>      who is making it (`cache.lease`)
    <namespace>p:<digest>   what is known of a source (`cache.shared_pointers`)
    <namespace>purges, nodes, acks:<id>   purges and who has heard of them (`cache.bus`)

Nothing here is needed to answer a request: what Redis loses or refuses is made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiocache.backends.redis import RedisCache
from aiocache.serializers import NullSerializer
from redis.asyncio import BlockingConnectionPool, Connection, Redis
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from cache.breaker import Breaker
from cache.errors import TierFailed

SETTING = "SAFELIGHT_CACHE_REDIS_URL"

_CONNECTIONS = 32
_SCHEMES = ("redis", "rediss", "unix")
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")


@asynccontextmanager
async def open_redis(
    url: str,
    *,
    timeout: float,  # noqa: ASYNC109  (a setting of the client)
    connections: int = _CONNECTIONS,
) -> AsyncIterator[Redis]:
    """A client that has not connected yet. ValueError if the URL cannot be one of Redis.

    At most `connections` are open, and whoever finds them all in use waits for `timeout` seconds.
    Nothing is tried twice: the pool replaces connections that were closed while they were idle,
    and a command that failed later may have been obeyed.
    """
    pool = BlockingConnectionPool(
        **_abrupt(read_url(url)),
        max_connections=connections,
        timeout=timeout,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        # With 3, the pool would take connections for good that have unread answers on them.
        protocol=2,
    )
    client = Redis.from_pool(pool)
    try:
        yield client
    finally:
        with suppress(RedisError, OSError):
            await client.aclose()


@asynccontextmanager
async def answering(seconds: float, breaker: Breaker | None = None) -> AsyncIterator[None]:
    """`TierFailed` for all that Redis or the way to it does wrong in the block, or for its length.

    The timeouts of the client would add up: this one is for waiting for a connection, connecting
    and the answer together. While the breaker is open it fails at once.
    """
    if breaker is not None and not breaker.allows():
        raise TierFailed(f"Redis ({SETTING}): it failed too often, and is left alone for a moment")
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("expected to run in a task, got a callback")
    cancelled, failure = task.cancelling(), None
    try:
        async with asyncio.timeout(seconds):
            yield
    except (RedisError, OSError) as error:
        failure = error
    # redis-py writes by `wait_for`, which loses cancellations before Python 3.12: a task that asks
    # again and again would never end.
    if task.cancelling() > cancelled:
        raise asyncio.CancelledError
    if breaker is not None and failure is None:
        breaker.succeeded()
    if failure is not None:
        if breaker is not None:
            breaker.failed()
        got = f"{type(failure).__name__} {failure}".rstrip()
        raise TierFailed(
            f"Redis ({SETTING}): expected an answer within {seconds:g} s, got {got}"
        ) from failure


class SharedCache(RedisCache):
    """aiocache's Redis backend over a client that belongs to somebody else."""

    def __init__(self, client: Redis, *, namespace: str, timeout: float) -> None:
        # Without an encoding, bytes come back as bytes.
        serializer = NullSerializer(encoding=None)  # type: ignore[no-untyped-call]
        super().__init__(  # type: ignore[no-untyped-call]
            serializer=serializer, namespace=namespace, timeout=timeout
        )
        # The one that is replaced has a pool of its own, which connects with its first command.
        self.client = client

    def _build_key(self, key: str, namespace: str | None = None) -> str:
        return f"{self.namespace if namespace is None else namespace}{key}"

    async def _set(
        self,
        key: str,
        value: bytes,
        ttl: float | None = None,
        _cas_token: Any = None,
        _conn: Any = None,
    ) -> bool:
        # The backend's own says SETEX, of which redis-py warns.
        # The cache's own is the longest: a policy may ask for more.
        longest: float | None = self.ttl
        if ttl is not None and longest is not None:
            ttl = min(ttl, longest)
        life = None if ttl is None else max(1, int(ttl * 1000))
        return bool(await self.client.set(key, value, px=life))

    async def _clear(self, namespace: str | None = None, _conn: Any = None) -> bool:
        """Nothing: KEYS would stop Redis for everybody, and FLUSHDB take what is not ours.

        The results of a source go out of reach when its generation does (they have its version
        in their names), and out of Redis by their time to live or its eviction.
        """
        return True

    async def _close(self, *args: Any, _conn: Any = None, **kwargs: Any) -> None:
        """Nothing: `open_redis` closes the client."""


def redis_cache(client: Redis, *, namespace: str, timeout: float) -> SharedCache:
    """The tier of results. A put takes a `ttl`: whole seconds as int, parts of them as float."""
    return SharedCache(client, namespace=f"{namespace}r:", timeout=timeout)


def read_url(url: str) -> dict[str, Any]:
    """What a connection pool takes. The errors never repeat the URL: it may hold a password."""
    try:
        parts = urlsplit(url)
        options: dict[str, Any] = {**parse_url(url)}
        words = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        raise ValueError(f"{SETTING}: {_EXPECTED}, got something else") from None
    if parts.scheme not in _SCHEMES or (parts.scheme == "unix") != ("path" in options):
        raise ValueError(f"{SETTING}: {_EXPECTED}, got {parts.scheme or 'no scheme'}://…")
    if parts.scheme != "unix" and (database := parts.path.strip("/")) and not database.isdecimal():
        raise ValueError(f"{SETTING}: expected the number of a database as path, got another text")
    known = {"db", *(_TLS if parts.scheme == "rediss" else ())}
    if words - known:
        raise ValueError(
            f"{SETTING}: expected no options but {', '.join(sorted(known))}, "
            f"got {', '.join(sorted(words - known))}"
        )
    return options


class _Abrupt:
    """A connection that is closed at once, not when the server has read all that was sent.

    Else each write that a hanging server does not take would stay in memory, after its timeout.
    """

    async def disconnect(self, *args: Any, **kwargs: Any) -> None:
        if (writer := getattr(self, "_writer", None)) is not None:
            writer.transport.abort()
        await super().disconnect(*args, **kwargs)  # type: ignore[misc]


def _abrupt(options: dict[str, Any]) -> dict[str, Any]:
    usual = options.get("connection_class", Connection)
    return options | {"connection_class": type(usual.__name__, (_Abrupt, usual), {})}


_EXPECTED = (
    "expected redis://user:password@host:port/database, rediss://… (with TLS) or unix:///path?db=0"
)
