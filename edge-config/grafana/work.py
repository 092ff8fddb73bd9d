"""Rows about making results: who does it, what it needs, how long it takes, what it costs."""

from __future__ import annotations

from typing import Final

from panels import Panel, Query, mean, quantile, rate, value

_GIVEN: Final = 'outcome=~"hit|not_modified|made|collapsed|degraded"'
_WITH_BODY: Final = 'outcome=~"hit|made|collapsed|degraded"'

POOLS: Final = (
    Panel("Workers", (value("safelight_workers", "state"),), stacked=True),
    Panel(
        "Foreseen wait",
        (Query("max by (lane) (safelight_admission_wait_seconds{$in})", "{{lane}}"),),
        unit="s",
        help="Of work that came now, on the server where it is longest.",
    ),
    Panel(
        "Queue",
        (
            Query("sum (safelight_worker_queue{$in})", "jobs that wait"),
            Query("max (safelight_worker_queue_oldest_seconds{$in})", "oldest, seconds"),
            value("safelight_admission_in_hand", "lane"),
        ),
    ),
    Panel(
        "Turned away",
        (
            Query("safelight:shed:ratio_rate5m{$of}", "sheds"),
            Query(
                'sum (rate(safelight_requests_total{$in, outcome="degraded"}[5m]))'
                " / sum (rate(safelight_requests_total{$in}[5m]))",
                "given less",
            ),
        ),
        unit="percentunit",
    ),
    Panel(
        "Workers that ended",
        (
            Query(
                "sum by (reason) (increase(safelight_worker_exits_total{$in}[15m]))", "{{reason}}"
            ),
            Query("sum (increase(safelight_worker_stalls_total{$in}[15m]))", "stalls"),
        ),
        help="In a quarter of an hour.",
    ),
    Panel(
        "Event loop late", (quantile(0.99, "safelight_event_loop_lag_seconds", "instance"),), "s"
    ),
    Panel(
        "Memory",
        (
            value("process_resident_memory_bytes", "instance"),
            Query(value("safelight_worker_resident_bytes", "instance", 'of="all"').expr, "workers"),
            Query("sum (safelight_admission_in_hand_bytes{$in})", "sources in hand"),
        ),
        unit="bytes",
    ),
    Panel("Ready", (Query("sum (safelight_ready{$in})", "servers"),)),
    Panel("Starts", (Query("changes(process_start_time_seconds{$in}[1h])", "{{instance}}"),)),
)
DEPENDENCIES: Final = (
    Panel("Requests to sources", (rate("safelight_source_calls_total", "source"),), "reqps"),
    Panel(
        "Failed",
        (
            rate("safelight_source_failures_total", "source").over(
                rate("safelight_source_calls_total", "source")
            ),
        ),
        "percentunit",
    ),
    Panel(
        "Under way, and waiting",
        (
            value("safelight_source_in_use", "source"),
            Query(value("safelight_source_waiting", "source").expr, "{{source}} waiting"),
        ),
    ),
    Panel(
        "Breakers",
        (
            Query("max by (source) (safelight_source_breaker_state{$in})", "{{source}}"),
            Query("max by (tier, side) (safelight_tier_breaker_state{$in})", "{{tier}} {{side}}"),
        ),
        help="0 closed, 1 half-open, 2 open.",
    ),
    Panel(
        "Tiers that fail",
        (
            rate("safelight_tier_reads_total", "tier, result", 'result=~"failed|timeout|corrupt"'),
            rate("safelight_tier_writes_total", "tier, result", 'result=~"failed|timeout"'),
        ),
        "ops",
    ),
    Panel(
        "Writes to the object store",
        (
            rate("safelight_write_behind_total", "result"),
            Query("sum (safelight_write_behind_queued{$in})", "queued"),
        ),
    ),
    Panel("Bytes of sources", (rate("safelight_source_bytes_total", "instance"),), "Bps"),
    Panel("Spans", (rate("safelight_trace_spans_total", "result"),), "ops"),
)
STAGES: Final = (
    Panel("p50", (quantile(0.5, "safelight_stage_seconds", "stage"),), "s"),
    Panel("p95", (quantile(0.95, "safelight_stage_seconds", "stage"),), "s"),
    Panel(
        "Where the time goes",
        (rate("safelight_stage_seconds_sum", "stage"),),
        stacked=True,
        help="Seconds of each stage in a second, all results together.",
    ),
)
_REAL: Final = rate("safelight_render_cost_seconds_sum", "format", 'kind="real"')
_EACH: Final = mean("safelight_render_cost_seconds", "format", 'kind="real"')
COST: Final = (
    Panel(
        "Workers, for 1000 requests",
        (
            Query(
                f"1000 * {_REAL.expr} / ignoring (format) group_left () "
                f"sum (rate(safelight_requests_total{{$in, {_GIVEN}}}[$__rate_interval]))",
                "{{format}}",
            ),
        ),
        unit="s",
        stacked=True,
        help="Hits included. By the format asked for; none: known when the source is read.",
    ),
    Panel("Workers, for 1000 renders", (Query(f"1000 * {_EACH.expr}", _EACH.legend),), "s"),
    Panel(
        "Foreseen against real",
        (mean("safelight_render_cost_seconds", "format", 'kind="predicted"').over(_EACH),),
        help="1 is right. Below it more is admitted than can be done in time.",
    ),
    Panel(
        "The server, for 1000 requests",
        (
            Query(
                "1000 * sum (rate(process_cpu_seconds_total{$in}[$__rate_interval]))"
                " / sum (rate(safelight_requests_total{$in}[$__rate_interval]))",
                "server process",
            ),
        ),
        unit="s",
        help="Without its workers.",
    ),
    Panel(
        "Bytes of an answer, mean",
        (
            rate("safelight_response_bytes_total", "format").over(
                rate("safelight_requests_total", "format", _WITH_BODY)
            ),
        ),
        unit="bytes",
    ),
    Panel("Bytes", (rate("safelight_response_bytes_total", "format"),), "Bps", stacked=True),
)
