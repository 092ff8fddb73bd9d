"""Panels of a Grafana dashboard, and the queries that many of them are made of.

Queries say `$in` for the servers that are chosen above the panels, and `$of` for their job alone,
which is all that recorded series know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

_COLUMNS: Final = 24
_HEIGHT: Final = 8
SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_PLACES: Final = {"$in": 'job=~"$job", instance=~"$instance"', "$of": 'job=~"$job"'}


@dataclass(frozen=True, slots=True)
class Query:
    """legend: may name labels, `{{tier}}`."""

    expr: str
    legend: str

    def over(self, below: Query) -> Query:
        return Query(f"{self.expr} / ({below.expr})", self.legend)


@dataclass(frozen=True, slots=True)
class Panel:
    """unit: Grafana's name of it. help: what the title cannot say."""

    title: str
    queries: tuple[Query, ...]
    unit: str = "short"
    kind: Literal["timeseries", "stat", "bargauge"] = "timeseries"
    stacked: bool = False
    help: str = ""


def value(metric: str, labels: str, *conditions: str) -> Query:
    """What there is at the moment, by these labels."""
    return Query(f"sum by ({labels}) ({_selected(metric, conditions)})", _legend(labels))


def rate(metric: str, labels: str, *conditions: str) -> Query:
    """What is counted in a second, by these labels."""
    selected = _selected(metric, conditions)
    return Query(f"sum by ({labels}) (rate({selected}[$__rate_interval]))", _legend(labels))


def mean(metric: str, labels: str, *conditions: str) -> Query:
    """Of a histogram or summary."""
    number = rate(f"{metric}_count", labels, *conditions)
    return rate(f"{metric}_sum", labels, *conditions).over(number)


def quantile(share: float, metric: str, labels: str, *conditions: str) -> Query:
    """Of a histogram."""
    by = ", ".join(filter(None, (labels, "le")))
    expr = f"histogram_quantile({share}, {rate(f'{metric}_bucket', by, *conditions).expr})"
    return Query(expr, f"{_legend(labels)} p{share * 100:g}".strip())


def to_json(rows: Mapping[str, Sequence[Panel]]) -> list[dict[str, Any]]:
    """All rows with their panels, three beside each other."""
    made: list[dict[str, Any]] = []
    y = 0
    for title, panels in rows.items():
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": title,
                "collapsed": False,
                "gridPos": {"x": 0, "y": y, "w": _COLUMNS, "h": 1},
                "panels": [],
            }
        )
        y += 1
        for number, panel in enumerate(panels):
            place = {"x": number % 3 * _COLUMNS // 3, "y": y + number // 3 * _HEIGHT}
            size = {"w": _COLUMNS // 3, "h": _HEIGHT}
            made.append({"id": len(made) + 1, "gridPos": {**place, **size}, **_panel(panel)})
        y += -(-len(panels) // 3) * _HEIGHT
    return made


def _panel(panel: Panel) -> dict[str, Any]:
    custom: dict[str, Any] = {}
    options: dict[str, Any] = {"reduceOptions": {"calcs": ["lastNotNull"]}}
    if panel.kind == "timeseries":
        custom = {"fillOpacity": 20 if panel.stacked else 0, "showPoints": "never"}
        custom["stacking"] = {"mode": "normal" if panel.stacked else "none"}
        options = {"tooltip": {"mode": "multi", "sort": "desc"}}
    if panel.kind == "bargauge":
        options["orientation"] = "horizontal"
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "custom": custom}, "overrides": []},
        "options": options,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": _placed(query.expr),
                "legendFormat": query.legend,
                "instant": panel.kind != "timeseries",
                "range": panel.kind == "timeseries",
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _placed(expr: str) -> str:
    for name, labels in _PLACES.items():
        expr = expr.replace(name, labels)
    return expr


def _selected(metric: str, conditions: Sequence[str]) -> str:
    return f"{metric}{{{', '.join(('$in', *conditions))}}}"


def _legend(labels: str) -> str:
    return " ".join(f"{{{{{label}}}}}" for label in labels.split(", ") if label and label != "le")
