"""The Grafana dashboard: `python edge-config/grafana/dashboard.py` writes `safelight.json` again.

A path may follow, to be written instead.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from panels import SOURCE, to_json
from traffic import CONNECTIONS, FUNNEL, USERS
from work import COST, DEPENDENCIES, POOLS, STAGES

FILE: Final = Path(__file__).with_name("safelight.json")
ROWS: Final = {
    "What visitors notice": USERS,
    "Where answers come from": FUNNEL,
    "Workers and the queue": POOLS,
    "Sources and tiers": DEPENDENCIES,
    "Stages of making a result": STAGES,
    "What it costs": COST,
    "Connections": CONNECTIONS,
}


def dashboard() -> dict[str, Any]:
    return {
        "uid": "safelight",
        "title": "Safelight",
        "tags": ["safelight"],
        "schemaVersion": 39,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                _variable("job", "label_values(safelight_build_info, job)"),
                _variable("instance", 'label_values(safelight_build_info{job=~"$job"}, instance)'),
            ]
        },
        "panels": to_json(ROWS),
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "current": {"text": "All", "value": "$__all"},
    }


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    target.write_text(json.dumps(dashboard(), indent=1) + "\n")
