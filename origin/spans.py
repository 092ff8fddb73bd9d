"""Spans by OpenTelemetry, made of what is over. Imported only where there are traces.

They wait in a bounded queue for a thread that sends them; a collector that is away costs spans.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import logging
import random
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from origin.account import Account
from origin.client_address import Networks, is_within
from origin.redaction import redacted
from origin.stages import IN_WORKER, Timed
from origin.tracing import Exchange

log = structlog.get_logger("safelight.tracing")

_MOST_QUEUED: Final = 2048
_BATCH: Final = 512
_EVERY_SECONDS: Final = 1.0
_SEND_SECONDS: Final = 5.0
_FLUSH_SECONDS: Final = 3.0
_POLL_SECONDS: Final = 0.02
_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"})
_RENDER: Final = ("queue", *IN_WORKER)
_W3C: Final = TraceContextTextMapPropagator()


class Traces:
    """made: spans. exports: what became of them."""

    def __init__(
        self,
        tracer: Tracer,
        exports: Exports,
        *,
        ratio: float,
        dice: Callable[[], float] = random.random,
    ) -> None:
        self.made = 0
        self.exports = exports
        self._tracer = tracer
        self._ratio = ratio
        self._dice = dice

    def tell(
        self, scope: Mapping[str, Any], account: Account, exchange: Exchange, *, trusted: Networks
    ) -> str | None:
        """Of one request that is over; the trace's id if it is traced."""
        parent = _parent(scope, trusted)
        told = trace.get_current_span(parent).get_span_context()
        if not (told.trace_flags.sampled if told.is_valid else self._dice() < self._ratio):
            return None
        clock = _wall()
        span = self._tracer.start_span(
            scope["method"] if scope["method"] in _METHODS else "HTTP",
            context=parent,
            kind=SpanKind.SERVER,
            attributes=_attributes(scope, account, exchange),
            start_time=clock(exchange.start),
        )
        self.made += 1
        if exchange.status >= 500:
            span.set_status(StatusCode.ERROR, exchange.code)
        self._stages(span, account.stages.timed, clock)
        span.end(clock(exchange.end))
        return f"{span.get_span_context().trace_id:032x}"

    def _stages(self, span: Span, timed: Sequence[Timed], clock: Callable[[float], int]) -> None:
        within = trace.set_span_in_context(span, Context())
        rendered = [one for one in timed if one.stage in _RENDER]
        for one in timed:
            if one.stage not in _RENDER:
                child = self._tracer.start_span(
                    one.stage, context=within, start_time=clock(one.start)
                )
                child.end(clock(one.end))
                self.made += 1
        if not rendered:
            return
        render = self._tracer.start_span(
            "render", context=within, start_time=clock(min(one.start for one in rendered))
        )
        for one in rendered:
            ms = (one.end - one.start) * 1000
            render.add_event(one.stage, {"safelight.ms": ms}, clock(one.start))
        render.end(clock(max(one.end for one in rendered)))
        self.made += 1


class Exports(SpanExporter):
    """Counts what is sent and what is lost, and tells the log when that changes."""

    def __init__(self, exporter: SpanExporter) -> None:
        self.sent = 0
        self.lost = 0
        self._exporter = exporter
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception:
            result = SpanExportResult.FAILURE
        failing = result is not SpanExportResult.SUCCESS
        if failing:
            self.lost += len(spans)
        else:
            self.sent += len(spans)
        if failing is not self._failing:
            self._failing = failing
            log.warning("traces are lost" if failing else "traces arrive again", lost=self.lost)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


@asynccontextmanager
async def open_traces(url: str, *, ratio: float, node: str) -> AsyncIterator[Traces]:
    # It would tell of every try, several times.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    exports = Exports(OTLPSpanExporter(endpoint=url, timeout=_SEND_SECONDS))
    version = importlib.metadata.version("safelight")
    provider = TracerProvider(
        sampler=ALWAYS_ON,  # `Traces` has decided before it makes any
        resource=Resource.create(
            {
                "service.name": "safelight",
                "service.version": version,
                "service.instance.id": node,
            }
        ),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(
        BatchSpanProcessor(
            exports,
            max_queue_size=_MOST_QUEUED,
            max_export_batch_size=_BATCH,
            schedule_delay_millis=_EVERY_SECONDS * 1000,
        )
    )
    try:
        yield Traces(provider.get_tracer("safelight", version), exports, ratio=ratio)
    finally:
        await _flushed(provider, exports)


async def _flushed(provider: TracerProvider, exports: Exports) -> None:
    """What is queued is sent, for a moment. The thread may outlive us: it ends with the process."""
    ending = threading.Thread(target=provider.shutdown, daemon=True)
    ending.start()
    try:
        async with asyncio.timeout(_FLUSH_SECONDS):
            while ending.is_alive():  # noqa: ASYNC110  (a thread tells no event)
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        # It tries again and again, and stops when it is told.
        threading.Thread(target=exports.shutdown, daemon=True).start()


def _parent(scope: Mapping[str, Any], trusted: Networks) -> Context:
    """What a trusted peer says it is part of; nothing if it says so twice."""
    if not trusted or not is_within(scope, trusted):
        return Context()
    fields: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in (b"traceparent", b"tracestate"):
            key = name.decode()
            if key in fields and key == "traceparent":
                return Context()
            fields[key] = f"{fields[key]},{_text(value)}" if key in fields else _text(value)
    return _W3C.extract(fields, Context())


def _text(value: bytes) -> str:
    return value.decode("latin-1")


def _wall() -> Callable[[float], int]:
    """From the stopwatch's seconds to Unix nanoseconds."""
    offset = time.time() - time.perf_counter()
    return lambda seconds: int((seconds + offset) * 1e9)


def _attributes(
    scope: Mapping[str, Any], account: Account, exchange: Exchange
) -> dict[str, str | int | float]:
    """By OpenTelemetry's semantic conventions for HTTP servers, and ours. Nothing of the client."""
    method = scope["method"]
    server = scope.get("server") or (None, None)
    stages = {f"safelight.{stage}_ms": ms for stage, ms in account.stages.ms.items()}
    facts: dict[str, str | int | float | None] = {
        "http.request.method": method if method in _METHODS else "_OTHER",
        "http.response.status_code": exchange.status,
        "http.response.body.size": exchange.size,
        "url.scheme": scope.get("scheme", "http"),
        "url.path": redacted(scope["raw_path"]),
        "server.address": server[0],
        "server.port": server[1],
        "network.protocol.version": scope.get("http_version"),
        "error.type": exchange.code if exchange.status >= 500 else None,
        "safelight.outcome": exchange.outcome,
        "safelight.tier": account.tier or None,
        "safelight.format": account.format or None,
        "safelight.error": exchange.code,
        "safelight.request_id": exchange.request_id,
        "safelight.foreseen_ms": account.stages.foreseen_ms,
        **stages,
    }
    return {name: value for name, value in facts.items() if value is not None}
