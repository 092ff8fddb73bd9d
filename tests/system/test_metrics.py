"""The figures of the real server: those of the catalogue, bounded, and true."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from origin import docs
from origin.metrics.catalogue import CATALOGUE
from origin.stages import STAGES
from signing.keys import KeyPair
from tests.origin.live import CHROME, noise, photo, signed
from tests.system.figures import Figures
from tests.system.one_photograph import one_photograph
from tests.system.server import (
    NO_TLS,
    Server,
    events,
    get,
    open_client,
    running,
    wait,
    wait_until_working,
)

_SUFFIXES = {
    "counter": [""],
    "gauge": [""],
    "histogram": ["_bucket", "_count", "_sum"],
    "summary": ["_count", "_sum"],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("metered")
    with one_photograph(
        folder, CACHE_DISK_DIR=folder / "disk", HTTP_ALLOW="*", MISS_RATE="1000/day"
    ) as server:
        (folder / "pictures" / "broken.jpg").write_bytes(b"no picture")
        yield server


def counted(server: Server, ask: Any) -> Counter[str]:
    """What the requests in between were counted as."""
    before = Figures(server).outcomes()
    ask()
    return Figures(server).outcomes() - before


def test_exported_is_what_the_catalogue_says(server: Server) -> None:
    get(server.url + signed("/w:20/plain/local:///a.jpg@webp"))
    get(server.url + signed("/w:20/plain/local:///a.jpg@webp"))

    figures = Figures(server)

    names: dict[str, set[tuple[str, ...]]] = {}
    for sample in figures.samples:
        if not sample.name.startswith("process_"):
            labels = tuple(sorted(set(sample.labels) - {"le"}))
            names.setdefault(sample.name, set()).add(labels)
    assert names == {
        metric.name + suffix: {tuple(sorted(metric.labels))}
        for metric in CATALOGUE.values()
        for suffix in _SUFFIXES[metric.kind]
    }


def test_the_page_has_the_catalogue() -> None:
    held = (docs.ROOT / "docs" / "observability.md").read_text()

    assert held == docs.observability(held), "docs/observability.md is old; run `make docs`"


@pytest.mark.skipif(shutil.which("promtool") is None, reason="there is no promtool")
def test_prometheus_finds_nothing_wrong_with_it(server: Server) -> None:
    get(server.url + signed("/w:21/plain/local:///a.jpg@webp"))

    checked = subprocess.run(
        ["promtool", "check", "metrics"],
        input=Figures(server).text,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_scraper_that_wants_openmetrics_gets_it(server: Server) -> None:
    answer = get(
        f"{server.admin_url}/metrics", accept="application/openmetrics-text; version=1.0.0"
    )

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
    assert answer.headers["cache-control"] == "no-store"


def test_each_request_counts_once_as_what_became_of_it(server: Server) -> None:
    url = server.url + signed("/w:30/plain/local:///a.jpg@webp")
    before = Figures(server)

    with open_client() as client:
        tag = client.get(url).headers["etag"]
        for _ in range(5):
            client.get(url)
        client.get(url, headers={"if-none-match": tag})
        client.get(url, headers={"if-none-match": f'{tag}, "other"'})
        client.get(url, headers={"range": "bytes=0-9"})
        client.get(url, headers={"range": "bytes=999999-"})
        client.get(f"{server.url}/{'A' * 43}/w:30/plain/local:///a.jpg")
        client.get(server.url + signed("/w:-1/plain/local:///a.jpg"))
        client.get(server.url + signed("/w:30/plain/local:///none.jpg"))
        client.get(server.url + signed("/w:30/plain/local:///broken.jpg"))
        client.get(f"{server.url}/health")
        client.get(f"{server.url}/favicon.ico")

    after = Figures(server)
    assert after.outcomes() - before.outcomes() == {
        "made": 1,
        "hit": 6,
        "not_modified": 2,
        "refused": 3,
        "source_missing": 1,
        "unprocessable": 1,
        "other": 2,
    }
    grown = {
        name: after.sum(*name) - before.sum(*name)
        for name in (("safelight_response_bytes_total",), ("safelight_worker_jobs_total",))
    }
    assert grown["safelight_worker_jobs_total",] == 2
    assert grown["safelight_response_bytes_total",] > 0
    hits = {"outcome": "hit", "format": "webp", "tier": "memory"}
    assert after.sum("safelight_requests_total", **hits) >= 6
    assert after.sum("safelight_errors_total", code="signature_mismatch") >= 1


def test_what_no_application_sees_is_counted(server: Server) -> None:
    counts = counted(server, lambda: server.raw(b"no HTTP\r\n\r\n"))

    assert counts == {"refused": 1}
    assert Figures(server).sum("safelight_errors_total", code="bad_request") == 1


def test_every_stage_of_a_render_is_observed_once(server: Server) -> None:
    before = Figures(server)

    get(server.url + signed("/w:40/plain/local:///a.jpg@webp"))

    after = Figures(server)
    observed = {
        stage: after.sum("safelight_stage_seconds_count", stage=stage)
        - before.sum("safelight_stage_seconds_count", stage=stage)
        for stage in STAGES
    }
    assert observed == {**dict.fromkeys(STAGES, 1), "version": observed["version"]}
    assert after.sum("safelight_render_cost_seconds_count", kind="real", format="webp") >= 1
    assert after.sum("safelight_render_cost_seconds_sum", kind="real") > 0


def test_results_that_were_kept_count_by_their_tier(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(photo(300, 200))
    with running(
        tmp_path,
        LOCAL_ROOT=tmp_path / "pictures",
        UNSAFE=1,
        WORKERS=1,
        CACHE_MEMORY_MB=0,
        CACHE_DISK_DIR=tmp_path / "disk",
    ) as server:
        get(f"{server.url}/_/w:40/plain/local:///a.jpg@webp")
        counts = Counter[str]()
        while not counts["hit"]:  # written behind the answer
            counts = counted(server, lambda: get(f"{server.url}/_/w:40/plain/local:///a.jpg@webp"))
        figures = Figures(server)

    assert figures.sum("safelight_requests_total", outcome="hit", tier="disk") == 1
    assert figures.sum("safelight_tier_reads_total", tier="disk", result="hit") == 1
    assert figures.sum("safelight_tier_writes_total", tier="disk", result="stored") >= 1
    assert figures.sum("safelight_tier_entries", tier="disk") == 1


def test_one_that_is_over_its_rate_is_counted(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(photo(300, 200))
    with running(
        tmp_path, LOCAL_ROOT=tmp_path / "pictures", UNSAFE=1, WORKERS=1, MISS_RATE="1/day"
    ) as server:
        statuses = [
            get(f"{server.url}/_/w:{width}/plain/local:///a.jpg").status_code
            for width in (20, 21, 22)
        ]
        figures = Figures(server)

    assert statuses == [200, 429, 429]
    assert figures.outcomes()["rate_limited"] == 2
    assert figures.sum("safelight_rate_limited_total", policy="client") == 2


def test_one_that_is_turned_away_and_one_that_leaves_are_counted(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "slow.png").write_bytes(noise(2000))
    (tmp_path / "pictures" / "a.jpg").write_bytes(photo(300, 200))
    with running(
        tmp_path, LOCAL_ROOT=tmp_path / "pictures", UNSAFE=1, WORKERS=1, MAX_IN_HAND_MB=0.001
    ) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as leaving:
            leaving.sendall(
                b"GET /_/q:100/plain/local:///slow.png@avif HTTP/1.1\r\nhost: a\r\n\r\n"
            )
            wait_until_working(server)
            turned_away = get(f"{server.url}/_/w:20/plain/local:///a.jpg")
            busy = Figures(server)
        wait(lambda: Figures(server).outcomes()["client_gone"] == 1)
        figures = Figures(server)

    assert turned_away.status_code == 503
    assert figures.outcomes()["shed"] == 1
    assert figures.sum("safelight_errors_total", code="overloaded") == 1
    assert figures.sum("safelight_admission_turned_away_total") == 1
    assert busy.sum("safelight_workers", state="busy") == 1
    assert busy.sum("safelight_requests_in_progress") == 1
    assert busy.sum("safelight_admission_in_hand_bytes") > 1000


def test_no_url_makes_a_new_series(server: Server) -> None:
    def ask(number: int) -> None:
        for target in (
            f"/{number}",
            signed(f"/w:{number}/plain/https://host{number}.invalid/a.jpg@webp"),
            signed(f"/w:20/plain/local:///none{number}.jpg"),
            signed(f"/w:20/plain/s3://bucket{number}/a.jpg"),
            signed(f"/raw:1/plain/local:///a.jpg@{'x' * number}"),
            signed(f"/w:20/nothing:{number}/plain/local:///a.jpg"),
        ):
            get(server.url + target, accept=f"image/x{number}", x_request_id=f"n{number}")

    ask(1)
    ask(1)
    before = Figures(server).series()
    for number in range(2, 8):
        ask(number)
    httpx.request("BREW", f"{server.url}/x", trust_env=False, verify=NO_TLS)

    new = Figures(server).series() - before
    assert new == set()
    assert not any(re.search(r"host\d|none\d|bucket\d", str(series)) for series in before)


def test_secrets_are_in_no_line_of_the_log(server: Server) -> None:
    path = signed("/w:20/plain/https://host.invalid/a.jpg%3FX-Amz-Signature%3Dvery-secret")
    other = signed("/w:20/plain/local:///a.jpg", KeyPair(b"another", b"pair"))

    get(f"{server.url}{path}?signature=very-secret", authorization="Bearer very-secret")
    get(server.url + other, accept=CHROME, cookie="very-secret", x_request_id="refused-1")

    def line() -> dict[str, Any]:
        whole = events(server.logged.splitlines())
        lines = (event for event in whole if event.get("request_id") == "refused-1")
        return next(lines, {})

    wait(lambda: bool(line()))
    assert (line()["outcome"], line()["error"]) == ("refused", "signature_mismatch")
    assert "very-secret" not in server.logged
    assert path[1:44] not in server.logged
    assert other[1:44] not in server.logged
