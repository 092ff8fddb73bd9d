"""Alerts and dashboard ask for what the real server says: names, labels and their values."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

import pytest

from origin.account import FORMATS
from origin.metrics.meter import NONE, TIERS
from origin.metrics.outcomes import OUTCOMES
from tests.edge.alerts import queries, recorded, rules
from tests.origin.live import signed
from tests.system.figures import Figures
from tests.system.one_photograph import one_photograph
from tests.system.server import get

# What Prometheus adds, and what rules add to what they record.
_ADDED = {"job", "instance", "slo", "le"}
# Labels whose values come as they are needed.
_KNOWN = {"outcome": set(OUTCOMES), "format": {*FORMATS, NONE}, "tier": {*TIERS, NONE}}

Labels = dict[str, dict[str, set[str]]]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Of each name its labels, and of these the values, of a server that has done something."""
    folder = tmp_path_factory.mktemp("asked")
    held: Labels = defaultdict(lambda: defaultdict(set))
    with one_photograph(folder, CACHE_DISK_DIR=folder / "disk", HTTP_ALLOW="*") as server:
        for _ in range(2):
            get(server.url + signed("/w:20/plain/local:///a.jpg@webp"))
        for sample in Figures(server).samples:
            values = held[sample.name]
            for label, value in sample.labels.items():
                values[label].add(value)
    held["up"] = {}
    return {name: {**labels} for name, labels in held.items()}


def asked() -> list[str]:
    """Every query there is."""
    return [*(rule["expr"] for rule in rules()), *queries()]


def names(query: str) -> set[str]:
    bare = re.sub(r'"[^"]*"', "", query)
    return set(re.findall(r"\b(?:(?:safelight|process)[_:][\w:]+|up\b)", bare))


def selectors(query: str) -> Iterator[tuple[str, str, str, str]]:
    """Name, label, operator and value."""
    for name, inside in re.findall(r"([\w:]+)\{([^}]*)\}", query):
        for label, operator, value in re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', inside):
            yield name, label, operator, value


def test_every_name_is_exported_or_recorded(exported: Labels) -> None:
    wanted = set().union(*map(names, asked()))

    assert len(wanted) > 50
    assert wanted - exported.keys() - recorded() == set()


def test_what_is_recorded_is_asked_for() -> None:
    wanted = set().union(*map(names, asked()))

    assert recorded() - wanted == set()


def test_every_label_is_one_of_its_metric(exported: Labels) -> None:
    chosen = {(name, label) for query in asked() for name, label, _, _ in selectors(query)}
    grouped = {
        (name, label)
        for query in asked()
        for labels, name in re.findall(r"by \(([^)]*)\) \((?:\w+\()?([\w:]+)", query)
        for label in labels.split(", ")
    }

    strange = {
        (name, label)
        for name, label in chosen | grouped
        if label not in _ADDED and label not in exported.get(name, {})
    }

    assert len(chosen | grouped) > 60
    assert strange == set()


def test_every_value_is_one_that_its_label_can_have(exported: Labels) -> None:
    strange = [
        (name, label, value)
        for query in asked()
        for name, label, operator, whole in selectors(query)
        if label not in ("job", "instance", "slo")
        for value in (whole.split("|") if "~" in operator else [whole])
        if not _possible(value, exported[name][label] | _KNOWN.get(label, set()), operator)
        and (label, value) != ("source", "web")
    ]

    assert strange == []


def _possible(value: str, known: set[str], operator: str) -> bool:
    if "~" in operator:
        return any(re.fullmatch(value, one) for one in known)
    return value in known
