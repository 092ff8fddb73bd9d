"""Reports of load tests: outcomes, counts, percentiles, and the page."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from loadtests.reports.outcome import OUTCOMES, outcome_of
from loadtests.reports.page import as_csv, page, write
from loadtests.reports.run import Run
from loadtests.reports.tally import Tally, percentile


@pytest.mark.parametrize(
    ("status", "field", "outcome"),
    [
        (200, "safelight-memory; hit", "memory"),
        (200, "safelight-redis; hit; ttl=31, safelight-memory; fwd=miss; stored", "redis"),
        (206, "safelight-disk; hit, safelight-memory; fwd=miss; stored", "disk"),
        (200, "safelight-disk; fwd=uri-miss; stored, safelight-memory; fwd=uri-miss", "made"),
        (200, "safelight; fwd=uri-miss; collapsed", "collapsed"),
        (200, "safelight-memory; fwd=uri-miss; stored, nginx; hit; ttl=9", "edge"),
        (200, "safelight-memory; hit, nginx; fwd=uri-miss; stored", "memory"),
        (200, 'safelight-memory; fwd=miss; detail="a; hit, b; hit"', "made"),
        (200, "safelight-memory; hit=?0", "made"),
        (200, '"Some CDN"; hit', "edge"),
        (200, "", "untold"),
        (304, "safelight-memory; hit", "not_modified"),
        (503, "", "shed"),
        (429, "", "limited"),
        (0, "", "failed"),
        (404, "", "failed"),
    ],
)
def test_an_outcome_is_read_from_status_and_cache_status(
    status: int, field: str, outcome: str
) -> None:
    assert outcome_of(status, field) == outcome
    assert outcome in OUTCOMES


def test_what_workers_counted_adds_up() -> None:
    total, worker = Tally(), Tally()
    total.add(100, "visitor", "memory", milliseconds=1.234, size=10)
    worker.add(100, "visitor", "memory", milliseconds=1.2, size=5)
    worker.add(101, "cdn", "shed", milliseconds=3)

    total.merge(worker.take())

    assert total.counts == {(100, "visitor", "memory"): 2, (101, "cdn", "shed"): 1}
    assert total.times == {(100, 1.2): 2}
    assert total.sizes == {100: 15}
    assert not worker.counts


def test_percentiles_are_times_that_were_met() -> None:
    times = {1.0: 90, 10.0: 9, 100.0: 1}

    assert [percentile(times, share) for share in (0.5, 0.95, 0.99, 1)] == [1, 10, 10, 100]
    assert percentile({}, 0.5) is None


def spiky() -> Run:
    """Ten seconds of hits and renders, of which the last five shed as well."""
    tally = Tally()
    for second in range(1000, 1010):
        tally.add(second, "visitor", "memory", milliseconds=2, size=1000)
        tally.add(second, "visitor", "made", milliseconds=200, size=1000)
        if second >= 1005:
            tally.add(second, "scraper", "shed", milliseconds=1)
    stages = [("calm", 0.0), ("<spike>", 5.0)]
    return Run("spike", 1000, stages, tally, users=2, origins=("http://a",))


def test_a_report_tells_stages_apart() -> None:
    calm, spike = spiky().by_stage()

    assert (calm.goodput, calm.hit_ratio, calm.share("memory")) == (2, 0.5, 0.5)
    assert (calm.outcomes["shed"], spike.outcomes["shed"]) == (0, 5)
    assert (calm.within(0.5), calm.within(0.99)) == (2, 200)


def test_a_report_is_one_file_with_plots_tables_and_csv(tmp_path: Path) -> None:
    write(spiky(), tmp_path / "new" / "spike.html")

    html = (tmp_path / "new" / "spike.html").read_text()
    rows = list(csv.DictReader(io.StringIO((tmp_path / "new" / "spike.csv").read_text())))
    assert not re.search(r'(src|href)="(?!data:|#)', html.replace("xlink:href", "link"))
    assert "&lt;spike&gt;" in html
    assert [row["shed"] for row in rows] == ["0"] * 5 + ["1"] * 5
    assert {row["answered"] for row in rows} == {"2"}
    (svg,) = re.findall(r"<svg.*</svg>", html, re.DOTALL)
    written = {"".join(element.itertext()).strip() for element in ET.fromstring(svg).iter()}
    assert {"p50", "p95", "p99", "latency, ms", "goodput, 1/s", "memory", "shed"} <= written


def test_a_run_that_ends_early_without_an_answer_has_a_report_too() -> None:
    tally = Tally()
    tally.add(1000, "visitor", "failed", milliseconds=1)
    run = Run("steady", 1000, [("warming", 0.0), ("steady", 48.0)], tally)

    assert [one.name for one in run.by_stage()] == ["warming"]
    assert "<svg" in page(run)
    assert as_csv(run).splitlines()[1].startswith("0,warming,0,0,,,")


def test_a_long_run_has_as_many_lines_as_fit_a_plot() -> None:
    tally = Tally()
    for second in range(3600):
        tally.add(second, "visitor", "memory", milliseconds=1)

    bins = Run("steady", 0, [("all", 0.0)], tally).bins()

    assert len(bins) == 150
    assert {one.answered for one in bins} == {24}
