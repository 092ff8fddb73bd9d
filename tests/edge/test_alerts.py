"""Every alert fires when it should, keeps quiet when it should, and says what to do."""

from __future__ import annotations

import re

import pytest

from tests.edge.alerts import CASES, FOLDER, RULES, alerts, cases, held, rules
from tests.edge.edges import ROOT
from tests.edge.tools import run, tool

_RUNBOOKS = ROOT / "docs" / "runbooks"
_SEVERITIES = {"page", "ticket", "none"}


@pytest.fixture
def promtool() -> str:
    return tool("promtool", "apt-get install prometheus")


def test_prometheus_takes_the_configuration_with_all_rules(promtool: str) -> None:
    checked = run(promtool, "check", "config", str(FOLDER / "prometheus.yaml"))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(RULES)} rule files found" in checked.stdout


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_rules_do_what_their_tests_expect(promtool: str, path: object) -> None:
    tested = run(promtool, "test", "rules", str(path))

    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_every_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    names = {alert.name for alert in alerts()}

    fire = {case.alert for case in cases() if case.fired}
    keep_quiet = {case.alert for case in cases() if not case.fired}

    assert len(names) > 25
    assert (fire, keep_quiet) == (names, names)


def test_every_objective_has_a_case_in_which_each_of_its_alerts_fires() -> None:
    objectives = {
        rule["labels"]["slo"]
        for rule in rules()
        if rule.get("record") == "safelight:slo_budget:ratio"
    }

    fired = {
        (case.alert, labels["slo"]) for case in cases() for labels in case.fired if "slo" in labels
    }

    burns = {alert.name for alert in alerts() if alert.name.startswith("SafelightBudgetBurns")}
    assert len(objectives) == 4
    assert fired == {(alert, slo) for alert in burns for slo in objectives}


def test_every_alert_says_how_urgent_it_is_and_what_is_the_matter() -> None:
    unclear = [
        alert for alert in alerts() if alert.severity not in _SEVERITIES or len(alert.summary) < 15
    ]

    assert unclear == []


def test_no_two_alerts_have_the_same_name() -> None:
    names = [alert.name for alert in alerts()]

    assert len(names) == len(set(names))


def test_every_alert_has_its_part_of_a_runbook_and_every_part_an_alert() -> None:
    headings = {
        f"docs/runbooks/{page.name}#{heading.lower()}"
        for page in _RUNBOOKS.glob("*.md")
        for heading in re.findall(r"^## (Safelight\w+)$", page.read_text(), re.MULTILINE)
    }

    runbooks = {alert.runbook for alert in alerts()}

    assert runbooks == headings
    assert all(alert.runbook.endswith(f"#{alert.name.lower()}") for alert in alerts())


def test_links_of_runbooks_lead_somewhere() -> None:
    links = [
        (page, target)
        for page in _RUNBOOKS.glob("*.md")
        for target in re.findall(r"\]\(([^)]+)\)", page.read_text())
    ]

    dead = []
    for page, target in links:
        path, _, anchor = target.partition("#")
        leads_to = (page.parent / path).resolve() if path else page
        if not leads_to.is_file() or (anchor and anchor not in _anchors(leads_to.read_text())):
            dead.append((page.name, target))
    assert len(links) > 20
    assert dead == []


def test_every_group_of_rules_is_tested_by_a_file_of_its_own() -> None:
    tested = {rule for path in CASES for rule in held(path)["rule_files"]}

    assert tested == {f"../rules/{path.name}" for path in RULES}


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
