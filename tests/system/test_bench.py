"""The benchmarks in their shortest form: they run, and every row has a figure."""

from __future__ import annotations

import io
from shutil import which

import pytest
from rich.console import Console
from rich.table import Table

from loadtests.bench import encoders, floor, hits, reduction, throughput
from tests.loaders import every_loader as every_loader


def text(table: Table) -> str:
    console = Console(width=200, file=io.StringIO())
    with console.capture() as capture:
        console.print(table)
    return capture.get()


def test_the_floor_compares_304_and_bad_signature_with_a_bare_app() -> None:
    shown = text(floor.run(rounds=1, requests=50))

    assert "bare ASGI app" in shown
    assert "304, whole app" in shown
    assert "bad signature, 403" in shown


def test_the_throughput_compares_every_case_with_a_bare_pool() -> None:
    table = throughput.run(rounds=2, requests=2)

    assert table.row_count == len(throughput.CASES)
    # The ratio, its two quartiles, and the one in CPU time.
    assert text(table).count("%") == 4 * len(throughput.CASES)


def test_hits_of_every_tier_and_a_first_render_are_compared() -> None:
    if which("redis-server") is None:
        pytest.skip("redis-server is not installed: apt-get install redis-server")

    hits_table, first = hits.run(rounds=1, requests=80, renders=4)

    shown = text(hits_table)
    assert all(f"{tier} hit" in shown for tier in ("memory", "disk", "redis", "objects"))
    assert shown.count("%") == 5
    assert text(first).count(" ms") >= 2


def test_the_reduction_table_shows_time_and_likeness_of_every_way() -> None:
    shown = text(reduction.run(widths=(160,)))

    assert "full decode" in shown
    assert shown.count("%") == 6


@pytest.mark.parametrize("name", encoders.SETTINGS)
def test_the_encoder_table_has_the_settings_in_use_first(name: str) -> None:
    from transforms.codecs import avif, webp

    first = encoders.SETTINGS[name][0][0]

    assert (
        first
        == {
            "JPEG q80": "optimised",
            "WebP q79": f"effort {webp.EFFORT}",
            "AVIF q63": f"effort {avif.EFFORT}",
            "PNG": "all filters, 6",
        }[name]
    )
