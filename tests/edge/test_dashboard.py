"""The dashboard is what its generator makes, and Grafana can take it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.edge.alerts import DASHBOARD, panels, queries
from tests.edge.tools import run, tool

_GENERATOR = DASHBOARD.with_name("dashboard.py")


def test_it_is_what_its_generator_writes(tmp_path: Path) -> None:
    written = tmp_path / "written.json"

    made = run(sys.executable, "-B", str(_GENERATOR), str(written))

    assert made.returncode == 0, made.stderr
    assert DASHBOARD.read_text() == written.read_text(), f"it is old; run python {_GENERATOR}"


def test_panels_are_distinct_and_none_lies_over_another() -> None:
    held = json.loads(DASHBOARD.read_text())["panels"]
    ids = [panel["id"] for panel in held]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in held)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(ids) == len(set(ids))
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24


def test_every_query_is_for_the_servers_that_are_chosen() -> None:
    strays = [query for query in queries() if 'job=~"$job"' not in query or "$in{" in query]

    assert strays == []
    assert all(panel["datasource"]["uid"] == "${datasource}" for panel in panels())


def test_every_query_is_one_to_prometheus(tmp_path: Path) -> None:
    promtool = tool("promtool", "apt-get install prometheus")
    rules = [
        {"record": f"query:{number}", "expr": query.replace("$__rate_interval", "5m")}
        for number, query in enumerate(queries())
    ]
    file = tmp_path / "queries.yaml"
    # JSON is YAML.
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))

    checked = run(promtool, "check", "rules", str(file))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
