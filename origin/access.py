"""One line per request in the log."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import sys
import time
from typing import Any, TextIO

import structlog
from starlette.types import Scope

from origin.redaction import redacted

log = structlog.get_logger("safelight.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_\-]{1,64}")
_INFO, _ERROR = 20, 40
# What a client did wrong is no error of ours.
_LEVELS = {5: _ERROR}
_FLUSH_SECONDS = 0.1
_MOST_LINES = 1000
_LINE = (
    '{"method": "GET", "path": %s, "status": %d, "ms": %.2f, "request_id": "%s", "bytes": %d,'
    ' %s, "fast": true, "event": "request", "level": "%s", "timestamp": "%s.%06dZ"}\n'
)


class AccessLog:
    """The lines of the fast path, which are written together: ten times a second is soon enough.

    They look like structlog's, which take half as long as the answers that they are about.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """stream: JSON goes there; without one, to stderr, unless that is a terminal."""
        self._stream = stream if stream is not None else sys.stderr
        self._plain = stream is None and sys.stderr.isatty()
        self._lines: list[str] = []
        self._second = 0
        self._date = ""
        # Unique as a whole, and cheap: the process at random, then a number.
        self._prefix = os.urandom(8).hex()
        self._numbers = itertools.count()

    def shown(self, raw_path: bytes) -> str:
        """The path as `hit` wants it."""
        return json.dumps(redacted(raw_path))

    def request_id(self, given: bytes) -> str:
        """The client's, if it is harmless in a log, else a new one."""
        if given and _REQUEST_ID.fullmatch(given):
            return given.decode()
        return f"{self._prefix}{next(self._numbers):016x}"

    def hit(
        self, path: str, status: int, size: int, seconds: float, request_id: str, format: str
    ) -> None:
        """A GET that was answered from memory. format: of the picture; none in a 304."""
        self._add(path, status, seconds, request_id, size, _told(format), "info")

    def turned_away(
        self, path: str, status: int, size: int, seconds: float, request_id: str, code: str
    ) -> None:
        """A GET for which there was no time. code: of the error."""
        told = f'"outcome": "shed", "error": "{code}"'
        self._add(path, status, seconds, request_id, size, told, "error")

    def _add(
        self,
        path: str,
        status: int,
        seconds: float,
        request_id: str,
        size: int,
        told: str,
        level: str,
    ) -> None:
        if self._plain:
            facts = {"path": json.loads(path), "request_id": request_id, "bytes": size}
            facts |= json.loads(f"{{{told}}}")
            getattr(log, level)("request", method="GET", status=status, fast=True, **facts)
            return
        now = time.time()
        if int(now) != self._second:
            self._second = int(now)
            self._date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        micro = int((now - self._second) * 1e6)
        ms = seconds * 1000
        line = _LINE % (path, status, ms, request_id, size, told, level, self._date, micro)
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        self._lines.append(line)
        if len(self._lines) >= _MOST_LINES:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            lines, self._lines = "".join(self._lines), []
            self._stream.write(lines)
            self._stream.flush()


def _told(format: str) -> str:
    if not format:
        return '"outcome": "not_modified"'
    return f'"outcome": "hit", "tier": "memory", "format": "{format}"'


def log_request(scope: Scope, *, status: int, seconds: float, **facts: Any) -> None:
    """Facts that are None are left out."""
    log.log(
        _LEVELS.get(status // 100, _INFO),
        "request",
        method=scope["method"],
        path=redacted(scope["raw_path"]),
        status=status,
        ms=round(seconds * 1000, 2),
        **{name: value for name, value in facts.items() if value is not None},
    )
