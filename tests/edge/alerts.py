"""The alert rules, their own tests, and the dashboard, as they are committed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.edge.edges import CONFIG
from tests.edge.tools import document

FOLDER = CONFIG / "prometheus"
RULES = sorted((FOLDER / "rules").glob("*.yaml"))
CASES = sorted((FOLDER / "tests").glob("*.yaml"))
DASHBOARD = CONFIG / "grafana" / "safelight.json"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule that may fire."""

    name: str
    severity: str
    summary: str
    runbook: str


@dataclass(frozen=True, slots=True)
class Case:
    """What an alert's test expects: the labels of each that fires, or none."""

    alert: str
    fired: tuple[dict[str, str], ...]


@cache
def held(path: Path) -> Any:
    """What a file of YAML says; reading it takes long."""
    return document(path)


def rules() -> list[dict[str, Any]]:
    return [rule for path in RULES for group in held(path)["groups"] for rule in group["rules"]]


def alerts() -> list[Alert]:
    return [
        Alert(
            rule["alert"],
            rule.get("labels", {}).get("severity", ""),
            rule.get("annotations", {}).get("summary", ""),
            rule.get("annotations", {}).get("runbook_url", ""),
        )
        for rule in rules()
        if "alert" in rule
    ]


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def cases() -> Iterator[Case]:
    for path in CASES:
        for test in held(path)["tests"]:
            for case in test.get("alert_rule_test", ()):
                fired = tuple(one["exp_labels"] for one in case["exp_alerts"])
                yield Case(case["alertname"], fired)


def panels() -> list[dict[str, Any]]:
    """Of the dashboard, without the headings of its rows."""
    everything = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in everything if panel["type"] != "row"]


def queries() -> list[str]:
    """Of the dashboard."""
    return [target["expr"] for panel in panels() for target in panel["targets"]]
