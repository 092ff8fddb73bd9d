from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from origin.purge_report import PurgeReport, from_json, to_json

REPORT = PurgeReport(
    scope="source",
    name="local:///a.jpg",
    generation=1_700_000_000_000,
    tiers={"memory": "dropped", "redis": "hidden"},
    reached=("web-1",),
    missing=(),
    tags=("s-0123456789abcdef",),
    within_s=60.0,
)


def test_a_report_comes_back_whole_from_its_json() -> None:
    assert from_json(json.loads(json.dumps(to_json(REPORT)))) == REPORT


def test_a_report_is_complete_if_every_tier_and_node_has_it() -> None:
    assert REPORT.complete
    assert not replace(REPORT, missing=("web-2",)).complete
    assert not replace(REPORT, tiers={"memory": "dropped", "redis": "unreachable"}).complete
    assert not replace(REPORT, tiers={"disk": "failed"}).complete


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("scope", "everything"),
        ("name", None),
        ("generation", True),
        ("generation", 1.5),
        ("tiers", ["memory"]),
        ("tiers", {"memory": "gone"}),
        ("tiers", {"memory": ["dropped"]}),
        ("reached", "web-1"),
        ("missing", [1]),
        ("tags", {}),
        ("within_s", "60"),
        ("within_s", float("nan")),
        ("within_s", 1e300),
    ],
)
def test_what_is_no_report_is_refused_with_the_name_of_the_member(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=f"^{name}: expected"):
        from_json({**to_json(REPORT), name: value})


def test_a_missing_member_is_named() -> None:
    with pytest.raises(ValueError, match=r"^scope: expected"):
        from_json({})
