"""Rows about what clients ask for, and where their answers come from."""

from __future__ import annotations

from typing import Final

from panels import Panel, Query, mean, quantile, rate, value

_GIVEN: Final = 'outcome=~"hit|not_modified|made|collapsed|degraded"'
_PER: Final = " / on (slo) group_left () safelight:slo_budget:ratio"
_BAD: Final = "avg_over_time(safelight:slo_bad:rate5m{$of}[30d])"
_ALL: Final = "avg_over_time(safelight:slo_total:rate5m{$of}[30d])"

USERS: Final = (
    Panel(
        "Budget that is left of 30 days",
        (Query(f"1 - {_BAD} / {_ALL}{_PER}", "{{slo}}"),),
        unit="percentunit",
        kind="stat",
        help="Below 0 it is overspent. What is bad: docs/runbooks/budget.md.",
    ),
    Panel(
        "How fast budgets burn",
        tuple(
            Query(f"safelight:slo_bad:ratio_rate{window}{{$of}}{_PER}", f"{{{{slo}}}} {window}")
            for window in ("1h", "6h", "3d")
        ),
        help="1 lasts for 30 days. Pages at 14.4 over an hour and 6 over six.",
    ),
    Panel("Requests", (rate("safelight_requests_total", "outcome"),), "reqps", stacked=True),
    Panel(
        "Time to the end of the answer",
        tuple(quantile(q, "safelight_request_seconds", "class") for q in (0.5, 0.95, 0.99)),
        unit="s",
    ),
    Panel(
        "New pictures",
        (quantile(0.95, "safelight_request_seconds", "format", 'class="made"'),),
        unit="s",
    ),
    Panel("Errors", (rate("safelight_errors_total", "code"),), "reqps", stacked=True),
)
FUNNEL: Final = (
    Panel(
        "Pictures that ended here",
        (
            Query(
                f"{rate('safelight_requests_total', 'outcome, tier', _GIVEN).expr}"
                " / ignoring (outcome, tier) group_left () "
                f"sum (rate(safelight_requests_total{{$in, {_GIVEN}}}[$__rate_interval]))",
                "{{outcome}} {{tier}}",
            ),
        ),
        unit="percentunit",
        kind="bargauge",
        help="Share of all. The edge's own hits are in the edge's figures.",
    ),
    Panel("Hits", (Query("safelight:hits:ratio_rate15m{$of}", "{{job}}"),), "percentunit"),
    Panel("Reads of tiers", (rate("safelight_tier_reads_total", "tier, result"),), "ops"),
    Panel("Calls to tiers, mean", (mean("safelight_tier_seconds", "tier, side"),), "s"),
    Panel(
        "How full tiers are",
        (value("safelight_tier_bytes", "tier").over(value("safelight_tier_max_bytes", "tier")),),
        "percentunit",
    ),
    Panel("Evicted", (rate("safelight_tier_evicted_total", "tier"),), "ops"),
    Panel(
        "Spared: waited for another's",
        (
            Query(rate("safelight_flights_joined_total", "job").expr, "requests, on this node"),
            rate("safelight_leases_total", "result"),
        ),
        "ops",
    ),
    Panel(
        "Begun before shared tiers answered",
        (rate("safelight_head_starts_total", "result"),),
        "ops",
        help="Wasted: one had it. More than a few in a hundred cannot be.",
    ),
    Panel("Versions of sources", (rate("safelight_pointers_total", "event"),), "ops"),
    Panel(
        "Purges", (Query("sum by (job) (increase(safelight_purges_total{$in}[1h]))", "{{job}}"),)
    ),
)
CONNECTIONS: Final = (
    Panel(
        "Connections",
        (
            value("safelight_connections", "state"),
            Query("sum (safelight_connections_most{$in})", "most"),
        ),
    ),
    Panel("Ended by the server", (rate("safelight_connections_ended_total", "reason"),), "ops"),
    Panel(
        "Answers that clients are taking", (value("safelight_unsent_bytes", "instance"),), "bytes"
    ),
    Panel("Being answered", (value("safelight_requests_in_progress", "instance"),)),
    Panel("Over a rate", (rate("safelight_rate_limited_total", "policy"),), "reqps"),
    Panel(
        "Descriptors",
        (value("process_open_fds", "instance").over(value("process_max_fds", "instance")),),
        "percentunit",
    ),
)
