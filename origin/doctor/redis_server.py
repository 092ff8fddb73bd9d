"""Redis: whether it answers and may be written, how fast, and whether it may forget purges."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError, ResponseError

from cache.shared import SETTING, open_redis, read_url
from origin.doctor.finding import Finding, fail, ok, warn
from origin.settings import Settings

_CHECK: Final = "redis"
_SECONDS: Final = 3.0
# The server gives it 300 ms for an answer, and asks it before each render.
_SLOW_MS: Final = 10.0
_SKEW_SECONDS: Final = 30.0
_LEAST: Final = (6, 2)  # ZADD GT
_PINGS: Final = 5


async def check_redis(settings: Settings) -> Sequence[Finding]:
    if settings.cache_redis_url is None:
        return []
    try:
        where = _place(read_url(settings.cache_redis_url))
    except ValueError:
        return []  # `check_settings` tells it
    try:
        async with open_redis(settings.cache_redis_url, timeout=_SECONDS, connections=1) as client:
            return await _examined(client, where)
    except (RedisError, OSError) as error:
        return [fail(_CHECK, f"{where}: {_said(error)}", _fix(error))]


async def _examined(client: Redis, where: str) -> list[Finding]:
    times = []
    for _ in range(_PINGS):
        began = time.perf_counter()
        await client.ping()
        times.append((time.perf_counter() - began) * 1000)
    ms = sorted(times)[_PINGS // 2]
    key = "safelight:doctor"
    await client.set(key, b"x", px=1000)
    await client.delete(key)
    findings: list[Finding] = []
    if ms > _SLOW_MS:
        fix = "put Redis near the servers; it is asked before every render"
        findings.append(warn(_CHECK, f"{where}: {ms:.1f} ms for an answer", fix))
    seconds, micros = await client.time()
    skew = time.time() - (seconds + micros / 1e6)
    if abs(skew) > _SKEW_SECONDS:
        found = f"{where}: its clock and this machine's are {skew:+.0f} s apart"
        findings.append(warn("clock", found, "run NTP on both: purges are ordered by time"))
    try:
        facts: Mapping[str, Any] = await client.info()
    except (NoPermissionError, ResponseError) as error:
        fix = "allow INFO to this user, to have version and memory looked at"
        return [*findings, warn(_CHECK, f"{where}: answers in {ms:.1f} ms; {_said(error)}", fix)]
    version = str(facts.get("redis_version", "0"))
    findings += _of(where, facts, version)
    if not findings:
        policy = f"{facts.get('maxmemory_policy')} at {facts.get('maxmemory', 0) >> 20} MB"
        findings.append(ok(_CHECK, f"{where}: Redis {version}, {ms:.1f} ms, {policy}"))
    return findings


def _of(where: str, facts: Mapping[str, Any], version: str) -> list[Finding]:
    findings = []
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    if numbers < _LEAST:
        fix = f"use {'.'.join(map(str, _LEAST))} or later"
        findings.append(fail(_CHECK, f"{where}: Redis {version} is too old for purges", fix))
    most, policy = facts.get("maxmemory", 0), str(facts.get("maxmemory_policy", ""))
    if not most:
        found = f"{where}: Redis {version} has no maxmemory, and grows until the machine is full"
        findings.append(warn(_CHECK, found, "set maxmemory, and maxmemory-policy volatile-lru"))
    elif policy == "noeviction":
        found = f"{where}: maxmemory-policy noeviction: once it is full, nothing is kept any more"
        findings.append(warn(_CHECK, found, "maxmemory-policy volatile-lru"))
    elif not policy.startswith("volatile-"):
        found = f"{where}: maxmemory-policy {policy} may evict purges"
        findings.append(warn(_CHECK, found, "maxmemory-policy volatile-lru"))
    return findings


def _place(options: Mapping[str, Any]) -> str:
    """Without the user and the password."""
    if "path" in options:
        return str(options["path"])
    return f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__} {error}".rstrip()


def _fix(error: Exception) -> str:
    # Its subclass for connections is no subclass of it.
    if isinstance(error, AuthenticationError) or "NOAUTH" in str(error):
        return f"give user and password in {SETTING}"
    if isinstance(error, NoPermissionError):
        return "allow this user all commands on safelight:*"
    if isinstance(error, ResponseError):
        return "name the primary, not a replica, and a database that there is"
    return f"start Redis, or correct {SETTING}; servers go on without it"
