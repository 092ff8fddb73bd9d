"""Peers side by side: how they are asked, what is told of them, and one small run of them all."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console
from rich.table import Table

from loadtests.bench.pictures import photographs
from loadtests.compare.answer import CannotDo, answer
from loadtests.compare.case import Case, Extent
from loadtests.compare.comparison import Comparison, Row, compare
from loadtests.compare.footprint import held
from loadtests.compare.likeness import Likeness
from loadtests.compare.peers import STARTERS, Peer, started
from loadtests.compare.plot import draw
from loadtests.compare.reference import lanczos
from loadtests.compare.tables import DASH, curve_table, notes, peers_table, timed_table, write_csv
from loadtests.compare.turns import Speed, Timing
from loadtests.compare.urls import Url, ipx_url, nginx_url, safelight_url, thumbor_url

WEBP, AVIF = Case("webp", 400, 80), Case("avif", 400, 60)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (safelight_url, "/_/w:400/q:80/cb:n1/plain/local:///a%20b.jpg@webp"),
        (thumbor_url, "/unsafe/400x0/filters:format(webp):quality(80)/a%20b.jpg"),
        (ipx_url, "/w_400,f_webp,q_80/a%20b.jpg"),
        (nginx_url, "/a%20b.jpg?w=400&q=80"),
    ],
)
def test_each_server_is_asked_in_its_own_words(url: Url, expected: str) -> None:
    assert url(WEBP, "a b.jpg", "n1") == expected


def test_a_repeated_request_has_nothing_that_makes_it_new() -> None:
    assert safelight_url(WEBP, "a.jpg", "") == "/_/w:400/q:80/plain/local:///a.jpg@webp"


def test_the_reference_is_lanczos_as_others_have_it() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)

    ours = lanczos(pixels, 50, 37)

    theirs = np.asarray(Image.fromarray(pixels).resize((50, 37), Image.Resampling.LANCZOS))
    assert np.abs(ours.astype(int) - theirs.astype(int)).max() <= 2


def test_who_cannot_do_a_case_shows_a_dash_and_why() -> None:
    found = _found()

    text = _printed(timed_table(found), curve_table(found), peers_table(found))

    lines = [line for line in text.splitlines() if "nginx" in line and DASH in line]
    assert [line.count(DASH) for line in lines] == [8]
    assert "12.0" in text
    assert "0.9500" in text
    assert notes(found) == [
        "Safelight failed 3 requests of webp 400 px q80",
        "nginx cannot do webp: expected image/webp, got image/jpeg",
    ]


def test_what_there_is_not_is_empty_for_programs(tmp_path: Path) -> None:
    write_csv(_found(), tmp_path / "a.csv")

    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["cold_per_s"] for row in rows] == ["12.00", "", ""]
    assert [row["bytes"] for row in rows] == ["1000", "", "500"]
    assert {row["peak_mb"] for row in rows} == {"2"}


def test_a_server_that_answered_nothing_has_no_latency() -> None:
    timing = Timing()

    timing.turn(1, ["/"])

    assert (timing.rate, timing.failed) == (0.0, 1)
    assert np.isnan(timing.ms(0.5))


def test_all_that_are_installed_run_side_by_side(tmp_path: Path) -> None:
    root = tmp_path / "pictures"
    root.mkdir()
    with Image.open(_photograph(tmp_path)) as picture:
        picture.reduce(8).save(root / "0.jpg", quality=90)
    lines: list[str] = []

    with started(root, tmp_path, list(STARTERS)) as (peers, missing):
        found = compare(peers, root, Extent((64,), rounds=1, seconds=0.02), tell=lines.append)
        memory = {peer.name: held(peer.pid) for peer in peers}
        for peer in peers:
            with pytest.raises(CannotDo, match=r"status|expected"):
                answer(peer, Case("jpeg", 64, 80), "missing.jpg")

    if missing:
        print(*missing, sep="\n")
    assert {peer.name for peer in peers} | {line.split()[0] for line in missing} == set(STARTERS)
    assert all(amount > 1e6 for amount in memory.values())
    for peer in peers:
        assert found.peak[peer.name] >= found.idle[peer.name] > 1e6
        able = {row.case.format for row in found.rows if row.peer == peer.name and row.likeness}
        assert able == ({"jpeg"} if peer.name == "nginx" else {"jpeg", "webp", "avif"})
    for row in found.rows:
        assert row.likeness is None or row.likeness.ssim > 0.7
        if row.speed:
            assert row.speed.cold.rate > 0
            assert not row.speed.cold.failed + row.speed.repeated.failed
    draw(found, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as plot:
        assert plot.width > 500


def _photograph(folder: Path) -> Path:
    path = folder / "whole.jpg"
    path.write_bytes(next(iter(photographs().values())))
    return path


def _found() -> Comparison:
    """One server that did something, and one that could not."""
    peers = [
        Peer("Safelight", "1", "1 + 2", True, safelight_url, 0, 0),
        Peer("nginx", "1", "1 + 2", False, nginx_url, 0, 0),
    ]
    cold = Timing([10.0, 12.0, 14.0], [0.1, 0.2], failed=3)
    rows = [
        Row("Safelight", WEBP, Likeness(1000, 0.95), Speed(cold, Timing([5000.0], [0.001]))),
        Row("nginx", WEBP, None, why="expected image/webp, got image/jpeg"),
        Row("Safelight", AVIF, Likeness(500, 0.9)),
    ]
    return Comparison(
        peers,
        rows,
        dict.fromkeys(("Safelight", "nginx"), 10**6),
        dict.fromkeys(("Safelight", "nginx"), 2 * 10**6),
    )


def _printed(*tables: Table) -> str:
    console = Console(width=160, color_system=None)
    with console.capture() as capture:
        console.print(*tables)
    return capture.get()
