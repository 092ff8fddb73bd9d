"""Load scenarios: what their users ask for, the shapes, and one real run."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections import Counter
from itertools import islice
from pathlib import Path
from random import Random

import pytest

from loadtests.reports.outcome import OUTCOMES, PICTURES
from loadtests.scenarios.pages import SRCSET, Browser, path_of, popular, scraped_sizes
from loadtests.scenarios.stages import (
    COLD,
    PURGES,
    REGION,
    SCENARIOS,
    SPIKE,
    STEADY,
    Scenario,
    lacking,
)
from tests.origin.live import photo
from tests.system.server import get, running

_ROOT = Path(__file__).parents[2]
_PATIENCE = 120.0


@pytest.mark.parametrize(
    ("viewport", "density", "widths"),
    [(390, 3.0, (1280, 640, 320)), (1920, 1.0, (1280, 480, 320)), (390, 1.0, (480, 320))],
)
def test_a_browser_loads_of_a_srcset_what_its_screen_needs(
    viewport: int, density: float, widths: tuple[int, ...]
) -> None:
    assert Browser(viewport, density, "*/*").widths() == widths


def test_visitors_have_the_browsers_that_people_have() -> None:
    random = Random(1)

    browsers = [Browser.of(random) for _ in range(2000)]

    assert 0.9 < sum("image/avif" in one.accept for one in browsers) / 2000 < 0.97
    assert all(width in SRCSET for one in browsers for width in one.widths())


def test_a_cdn_never_asks_for_the_head_and_visitors_mostly_do() -> None:
    visitors = Counter(
        one.source for one in islice(popular(100, alpha=0.8, random=Random(1)), 3000)
    )
    cdn = {one.source for one in islice(popular(100, alpha=0.8, random=Random(1), head=10), 3000)}

    assert visitors.most_common(1)[0][0] == 0
    assert sum(visitors[source] for source in range(10)) > 900
    assert min(cdn) == 10


@pytest.mark.parametrize("head", [-1, 5, 6])
def test_a_head_that_leaves_nothing_is_refused(head: int) -> None:
    with pytest.raises(ValueError, match="head of 0 to 4"):
        next(popular(5, alpha=0.8, random=Random(1), head=head))


def test_a_scraper_asks_for_no_size_twice() -> None:
    sizes = list(islice(scraped_sizes(Random(1)), 20_000))

    assert len(set(sizes)) == 20_000
    assert all(16 <= side < 1616 for size in sizes for side in size)


def test_a_path_is_quoted_and_a_buster_makes_it_another() -> None:
    assert path_of("local:///a b?.jpg", "w:3") == b"/w:3/plain/local:///a%20b%3F.jpg"
    assert path_of("s3://b/a.jpg", "w:3", buster="x") == b"/w:3/cb:x/plain/s3://b/a.jpg"


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=lambda one: one.name)
def test_stages_fill_the_time_and_then_it_is_over(scenario: Scenario) -> None:
    met = [scenario.at(second, seconds=100) for second in range(100)]

    assert list(dict.fromkeys(met)) == list(scenario.stages)
    assert sum(stage.share for stage in scenario.stages) == pytest.approx(1)
    assert scenario.at(100, seconds=100) is None
    assert scenario.stages[0].deed is None


def test_each_scenario_does_what_it_is_named_for() -> None:
    assert {stage.users(20) for stage in STEADY.stages} == {20}
    assert [stage.deed for stage in COLD.stages] == [None, "chill"]
    assert [stage.users(20) for stage in SPIKE.stages] == [20, 200, 20, 200, 20]
    assert SPIKE.stages[3].kinds == ("Scraper",)
    assert [stage.users(20) for stage in PURGES.stages] == [20, 22, 20]
    assert PURGES.stages[1].kinds == ("Purger",)
    assert [stage.deed for stage in REGION.stages] == [None, "lose"]


def test_what_a_scenario_lacks_is_told() -> None:
    two = ("http://a", "http://b")

    assert "--admin" in str(lacking(PURGES, origins=two, admins=(), loses=False))
    assert "--host twice" in str(lacking(REGION, origins=two[:1], admins=(), loses=True))
    assert "--lose-command" in str(lacking(REGION, origins=two, admins=(), loses=False))
    assert lacking(REGION, origins=two, admins=(), loses=True) is None
    assert lacking(COLD, origins=two[:1], admins=(), loses=False) is None


def test_a_run_with_a_worker_of_locust_reports_what_the_server_counted(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    names = [f"{number}.jpg" for number in range(6)]
    for name in names:
        (tmp_path / "pictures" / name).write_bytes(photo(400, 300))
    report = tmp_path / "steady.html"

    with running(
        tmp_path, LOCAL_ROOT=tmp_path / "pictures", KEYS="aa" * 16, SALTS="bb" * 16, WORKERS=1
    ) as server:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "loadtests.scenarios", "steady", "--host", server.url),
                *("--sources", ",".join(f"local:///{name}" for name in names)),
                *("--minutes", "0.05", "--users", "4", "--workers", "1", "--report", str(report)),
            ],
            cwd=_ROOT,
            env={"PATH": "/usr/bin", "SAFELIGHT_KEYS": "aa" * 16, "SAFELIGHT_SALTS": "bb" * 16},
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE,
        )
        metrics = get(f"{server.admin_url}/metrics").text

    assert done.returncode == 0, done.stdout + done.stderr
    assert str(report) in done.stdout
    with report.with_suffix(".csv").open() as file:
        rows = list(csv.DictReader(file))
    ours = {name: sum(int(row[name]) for row in rows) for name in OUTCOMES}
    told = server_counts(metrics)
    assert sum(ours.values()) == sum(ours[name] for name in PICTURES) > 5
    assert ours["made"] == told["made"] > 0
    assert ours["memory"] == told["hit"]
    assert ours["collapsed"] == told["collapsed"]
    assert all(text in report.read_text() for text in ("<svg", "visitor", server.url))


def server_counts(metrics: str) -> Counter[str]:
    """Outcome → how many pictures, as the server counted."""
    counts = Counter[str]()
    for labels, value in re.findall(r"safelight_requests_total\{(.*)\} (\S+)", metrics):
        outcome = re.search(r'outcome="(\w+)"', labels)
        assert outcome is not None
        counts[outcome[1]] += int(float(value))
    return counts
