"""The fast path: plain requests for results that lie in memory, answered before anything else.

A URL that was verified and read once needs neither again: the same bytes have the same signature.
What is left is to look at the pointers, name the result, and write what lies under that name. What
is not plain (ranges, other preconditions, HEAD) or not at hand goes the whole way.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cachetools import LRUCache

from cache.entry import Entry
from origin.access import AccessLog
from origin.account import Account, format_of
from origin.asked import Asked, Wanted
from origin.cache_status import CacheStatus
from origin.metrics.meter import Cell
from origin.respond import Manner, age, picture_headers, validator_headers
from origin.security_headers import SECURITY_HEADERS, combine_headers, cors_headers
from origin.server_timing import FIELD, of_memory_hit
from origin.tracing import Exchange, Tell
from origin.variants import Variants
from transforms.output import Delivery

_MOST_BYTES = 64 << 20
_OVERHEAD = 6000  # measured, without path and fields
_PLAIN_GETS_HAVE_NONE_OF = frozenset(
    {b"range", b"if-match", b"if-modified-since", b"if-unmodified-since", b"expect"}
)
_HIT, _UNCHANGED = "hit", "not_modified"
_STATUS = CacheStatus.of_hit("memory", ()).field
# All that the answer depends on: path, Accept, Origin.
_Name = tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Plain:
    """What a plain GET asks for."""

    name: _Name
    if_none_match: bytes
    request_id: bytes


@dataclass(frozen=True, slots=True)
class _Ready:
    """The heads of the answers that belong to a result, as far as they are always the same.

    made: when, and how long it is; made again, it may have another length. format: of the result.
    hits, revalidations: where they are counted.
    """

    wanted: Wanted
    made: tuple[float, int]
    etag: bytes
    found: bytes
    unchanged: bytes
    format: str
    hits: Cell
    revalidations: Cell


@dataclass(slots=True)
class _Known:
    asked: Asked
    path: str
    bytes: int
    ready: _Ready | None = None


@dataclass(frozen=True, slots=True)
class HotAnswer:
    """The bytes to write; what the server says of itself goes between `head` and `rest`."""

    head: bytes
    rest: bytes
    body: bytes


class Hot:
    """By one set of rules: what it knows of URLs holds for no other. As many as fit into 64 MB."""

    def __init__(
        self,
        variants: Variants,
        manner: Manner,
        log: AccessLog,
        *,
        cors: str,
        timing: bool = False,
        tell: Tell | None = None,
    ) -> None:
        self._variants = variants
        self._manner = manner
        self._log = log
        self._cors = cors
        self._timing = timing
        self._tell = tell
        self._known: LRUCache[_Name, _Known] = LRUCache(
            _MOST_BYTES, getsizeof=lambda known: known.bytes
        )

    def remember(self, scope: Mapping[str, Any], asked: Asked) -> None:
        """What a verified path asks for."""
        plain = read_plain(scope)
        # The lifetime of an answer to a URL that expires is another one every second.
        if plain is not None and not asked.plan.of(Delivery).expires:
            path = self._log.shown(scope["raw_path"])
            size = _OVERHEAD + 3 * sum(map(len, plain.name))
            self._known[plain.name] = _Known(asked, path, size)

    def recall(self, scope: Mapping[str, Any]) -> Asked | None:
        """What the path was found to ask for, if it was asked in the same words before."""
        plain = read_plain(scope)
        known = None if plain is None else self._known.get(plain.name)
        return None if known is None else known.asked

    def answer(self, scope: Mapping[str, Any]) -> HotAnswer | None:
        """The whole answer if there is nothing to wait for."""
        start = time.perf_counter()
        plain = read_plain(scope)
        known = None if plain is None else self._known.get(plain.name)
        if plain is None or known is None:
            return None
        last = None if known.ready is None else known.ready.wanted
        wanted = self._variants.identify_known(known.asked, last)
        if wanted is None:
            return None
        entry = self._variants.tiers.peek(wanted.key, among=known.asked.policy.results)
        if entry is None:
            return None
        ready, made = known.ready, (entry.created, len(entry.body))
        if ready is None or ready.wanted is not wanted or ready.made != made:
            ready = known.ready = self._prepare(wanted, entry, plain.name[2])
        same = plain.if_none_match == ready.etag
        if plain.if_none_match and not same:
            return None
        this_request = self._log.request_id(plain.request_id)
        rest = f"age: {age(wanted, now=time.time())}\r\nx-request-id: {this_request}\r\n\r\n"
        status, body = (304, b"") if same else (200, entry.body)
        end = time.perf_counter()
        self._log.hit(
            known.path, status, len(body), end - start, this_request, "" if same else ready.format
        )
        (ready.revalidations if same else ready.hits).add(end - start, len(body))
        if self._tell is not None:
            outcome = _UNCHANGED if same else _HIT
            account = Account(outcome=outcome, tier="memory", format=ready.format)
            exchange = Exchange(status, len(body), outcome, None, this_request, start, end)
            self._tell(scope, account, exchange)
        return HotAnswer(ready.unchanged if same else ready.found, rest.encode(), body)

    def _prepare(self, wanted: Wanted, entry: Entry, origin: bytes) -> _Ready:
        common = combine_headers(
            SECURITY_HEADERS,
            cors_headers(self._cors, origin.decode("latin-1") or None),
            validator_headers(wanted, self._manner, now=time.time()),
            {"cache-status": _STATUS},
        )
        whole = combine_headers(common, picture_headers(entry, wanted.asked.plan))
        if self._timing:
            common[FIELD], whole[FIELD] = of_memory_hit(_UNCHANGED), of_memory_hit(f"{_HIT}-memory")
        meter, kind = self._variants.meter, format_of(entry)
        return _Ready(
            wanted,
            (entry.created, len(entry.body)),
            common["etag"].encode(),
            head_of("200 OK", whole),
            head_of("304 Not Modified", common),
            kind,
            meter.cell(_HIT, kind, "memory"),
            meter.cell(_UNCHANGED),
        )


def read_plain(scope: Mapping[str, Any]) -> Plain | None:
    """None for what is not a plain GET."""
    if scope["method"] != "GET":
        return None
    accept = origin = if_none_match = request_id = b""
    for field, value in scope["headers"]:
        if field in _PLAIN_GETS_HAVE_NONE_OF:
            return None
        if field == b"accept":
            accept = accept + b", " + value if accept else value
        elif field == b"origin":
            origin = value
        elif field == b"if-none-match":
            if_none_match = if_none_match + b", " + value if if_none_match else value
        elif field == b"x-request-id":
            request_id = value
    return Plain((scope["raw_path"], accept, origin), if_none_match, request_id)


def head_of(status: str, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in headers.items()), ""]
    return "\r\n".join(lines).encode("latin-1")
