"""Every metric that the server exports: its name, type, labels and meaning.

What is exported is checked against this, and docs/observability.md is made of it.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["counter", "gauge", "histogram", "summary"]


class Metric(NamedTuple):
    """name: as queries have it, but without the suffixes of histograms and summaries.

    A summary here is a sum and a count, without quantiles.
    """

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


_METRICS: Final = (
    # Requests
    Metric(
        "safelight_requests_total",
        "counter",
        ("outcome", "format", "tier"),
        "Requests that were answered. format and tier: of the result, none where there is none.",
    ),
    Metric(
        "safelight_request_seconds",
        "histogram",
        ("class", "format"),
        "Time to the end of the answer. class: hit, made, or error for all that got no picture.",
    ),
    Metric("safelight_requests_in_progress", "gauge", (), "Requests that are being answered."),
    Metric(
        "safelight_response_bytes_total",
        "counter",
        ("format",),
        "Bytes of bodies sent.",
    ),
    Metric(
        "safelight_errors_total",
        "counter",
        ("code",),
        "Errors by their X-Safelight-Error.",
    ),
    Metric(
        "safelight_rate_limited_total",
        "counter",
        ("policy",),
        "Requests over a limit on new results. policy: client or key.",
    ),
    # Making results
    Metric(
        "safelight_stage_seconds",
        "histogram",
        ("stage",),
        "Time of each stage of making results, once for all who wait for the same.",
    ),
    Metric(
        "safelight_render_cost_seconds",
        "summary",
        ("kind", "format"),
        "Time of a worker for a render, by the format asked for. kind: predicted or real.",
    ),
    Metric("safelight_flights_aloft", "gauge", (), "Results being looked for or made."),
    Metric(
        "safelight_flights_joined_total",
        "counter",
        (),
        "Requests that waited for the result of another.",
    ),
    Metric(
        "safelight_flights_spared_total",
        "counter",
        (),
        "Requests that were told of a failure just before, without another try.",
    ),
    Metric(
        "safelight_leases_total",
        "counter",
        ("result",),
        "Leases asked for: taken, elsewhere (another node makes it), failed.",
    ),
    Metric(
        "safelight_head_starts_total",
        "counter",
        ("result",),
        "Results that were begun while shared tiers were asked: used, wasted (one had them).",
    ),
    # Workers and admission
    Metric(
        "safelight_workers",
        "gauge",
        ("state",),
        "Worker processes: idle, busy, and missing of those that there are to be.",
    ),
    Metric("safelight_worker_jobs_total", "counter", (), "Jobs that workers began."),
    Metric(
        "safelight_worker_exits_total",
        "counter",
        ("reason",),
        "Workers that ended: died, killed (nobody waited any more), stalled, recycled.",
    ),
    Metric(
        "safelight_worker_stalls_total",
        "counter",
        (),
        "Times that work stood still (the watchdog).",
    ),
    Metric(
        "safelight_worker_resident_bytes",
        "gauge",
        ("of",),
        "Resident memory of workers. of: all together, largest.",
    ),
    Metric("safelight_worker_queue", "gauge", (), "Jobs that wait for a worker."),
    Metric(
        "safelight_worker_queue_oldest_seconds",
        "gauge",
        (),
        "How long the oldest of them has waited.",
    ),
    Metric(
        "safelight_admission_wait_seconds",
        "gauge",
        ("lane",),
        "Foreseen wait of work that came now. lane: cheap, dear.",
    ),
    Metric("safelight_admission_in_hand", "gauge", ("lane",), "Renders admitted and not done yet."),
    Metric(
        "safelight_admission_in_hand_bytes", "gauge", (), "Bytes of the sources of those renders."
    ),
    Metric(
        "safelight_admission_turned_away_total",
        "counter",
        (),
        "Renders for which there was no room or time.",
    ),
    # Tiers
    Metric(
        "safelight_tier_reads_total",
        "counter",
        ("tier", "result"),
        "Reads: hit, miss, corrupt, failed, timeout, skipped (breaker open). Memory counts hits.",
    ),
    Metric(
        "safelight_tier_writes_total",
        "counter",
        ("tier", "result"),
        "Writes: stored, too_large, declined, dropped (no room in the queue), and as above.",
    ),
    Metric(
        "safelight_tier_seconds",
        "summary",
        ("tier", "side"),
        "Time of calls to a tier. side: reads, writes. Not those that memory answers at once.",
    ),
    Metric(
        "safelight_tier_promoted_total",
        "counter",
        ("tier",),
        "Results copied up into the tier from one below.",
    ),
    Metric("safelight_tier_bytes", "gauge", ("tier",), "Bytes held; memory and disk."),
    Metric("safelight_tier_max_bytes", "gauge", ("tier",), "Bytes that may be held."),
    Metric("safelight_tier_entries", "gauge", ("tier",), "Results held."),
    Metric("safelight_tier_evicted_total", "counter", ("tier",), "Results that went for others."),
    Metric(
        "safelight_tier_breaker_state",
        "gauge",
        ("tier", "side"),
        "0 closed, 1 half-open, 2 open: left alone as it failed. side: reads, writes.",
    ),
    Metric(
        "safelight_write_behind_total",
        "counter",
        ("result",),
        "Writes to the object store: written, failed, declined, dropped.",
    ),
    Metric("safelight_write_behind_queued", "gauge", (), "Writes that wait for the object store."),
    Metric(
        "safelight_purges_total",
        "counter",
        (),
        "Purges that were news to this node, those read at its start included.",
    ),
    # Sources
    Metric(
        "safelight_pointers_total",
        "counter",
        ("event",),
        "Versions of sources: look, revalidation, stale (served older), shared (another node's).",
    ),
    Metric("safelight_source_fetches_total", "counter", (), "Sources fetched whole."),
    Metric("safelight_source_shared_total", "counter", (), "Fetches shared with another render."),
    Metric("safelight_source_bytes_total", "counter", (), "Bytes of sources fetched."),
    Metric(
        "safelight_source_calls_total",
        "counter",
        ("source",),
        "Requests to sources. source: a bucket or host of the settings, web for all other hosts.",
    ),
    Metric(
        "safelight_source_failures_total",
        "counter",
        ("source",),
        "Those that were slow, unavailable or cut short.",
    ),
    Metric(
        "safelight_source_refused_total",
        "counter",
        ("source",),
        "Requests not made: no room, or the breaker was open.",
    ),
    Metric("safelight_source_in_use", "gauge", ("source",), "Requests under way."),
    Metric("safelight_source_waiting", "gauge", ("source",), "Requests that wait for room."),
    Metric(
        "safelight_source_breaker_state",
        "gauge",
        ("source",),
        "0 closed, 1 half-open, 2 open; of web the worst.",
    ),
    # The process
    Metric(
        "safelight_connections",
        "gauge",
        ("state",),
        "Connections of the image port: open; of those idle, and taking an answer.",
    ),
    Metric("safelight_connections_most", "gauge", (), "Connections that there may be."),
    Metric(
        "safelight_connections_ended_total",
        "counter",
        ("reason",),
        "refused (no room), gave_way (idle ones, for others), cut_slow (too slow a client).",
    ),
    Metric("safelight_unsent_bytes", "gauge", (), "Bytes of answers that clients are taking."),
    Metric(
        "safelight_event_loop_lag_seconds",
        "histogram",
        (),
        "How late the event loop did what it was to do.",
    ),
    Metric(
        "safelight_trace_spans_total",
        "counter",
        ("result",),
        "Spans: made, sent, lost (the collector did not take them).",
    ),
    Metric("safelight_ready", "gauge", (), "1 if /readyz says so."),
    Metric(
        "safelight_build_info",
        "gauge",
        ("version", "libvips", "epoch"),
        "1, for what its labels say.",
    ),
)
CATALOGUE: Final = {metric.name: metric for metric in _METRICS}


def table() -> str:
    """Markdown, one line for each metric."""
    lines = ["| name | type | labels | meaning |", "|---|---|---|---|"]
    for metric in _METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help} |")
    return "\n".join(lines) + "\n"
