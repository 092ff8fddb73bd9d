"""Requests and stages, counted."""

from __future__ import annotations

import pytest

from origin.account import Account
from origin.errors import ANSWERS
from origin.metrics.histogram import Histogram
from origin.metrics.meter import NONE, Meter
from origin.metrics.outcomes import OF_CODE, OUTCOMES, class_of, outcome_of


def test_every_error_has_an_outcome() -> None:
    codes = {answer.code for answer in ANSWERS.values()}

    assert codes <= OF_CODE.keys()
    assert set(OF_CODE.values()) <= set(OUTCOMES)


def test_an_observation_counts_where_it_fits_and_everywhere_above() -> None:
    histogram = Histogram((1.0, 2.0))

    for value in (0.5, 1.0, 1.5, 99.0):
        histogram.observe(value)

    assert [count for _, count in histogram.cumulative()] == [2, 3, 4]
    assert histogram.sum == 102.0


@pytest.mark.parametrize(
    ("format", "tier", "labels"),
    [
        ("webp", "memory", ("webp", "memory")),
        ("", "", (NONE, NONE)),
        ("<script>", "../../etc", ("other", "other")),
    ],
)
def test_labels_come_from_fixed_sets(format: str, tier: str, labels: tuple[str, str]) -> None:
    meter = Meter()
    account = Account(outcome="hit", tier=tier, format=format)

    meter.answered(account, status=200, code=None, seconds=0.1, size=7)

    cell = meter.cells["hit", *labels]
    assert (cell.count, cell.bytes) == (1, 7)


def test_a_code_that_nobody_knows_is_other() -> None:
    meter = Meter()

    meter.answered(Account(), status=500, code="made_up", seconds=0.1, size=0)

    assert meter.errors == {"other": 1}
    assert meter.cells["error", NONE, NONE].count == 1


@pytest.mark.parametrize(
    ("code", "given", "status", "outcome"),
    [
        (None, "hit", 200, "hit"),
        (None, "", 200, "other"),
        (None, "", 500, "error"),
        ("overloaded", "", 503, "shed"),
        ("signature_mismatch", "", 403, "refused"),
        ("range", "hit", 416, "refused"),
    ],
)
def test_what_became_of_a_request(code: str | None, given: str, status: int, outcome: str) -> None:
    assert outcome_of(code=code, given=given, status=status) == outcome


def test_an_answer_that_was_degraded_counts_by_where_it_came_from() -> None:
    assert class_of("degraded", "memory") == "hit"
    assert class_of("degraded", "") == "made"
    assert class_of("client_gone", "") is None
