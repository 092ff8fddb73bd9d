"""The benchmarks in their shortest form: they run, and every row has a figure."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.table import Table

from loadtests.bench import encoders, floor, reduction, throughput
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
    table = throughput.run(rounds=1, requests=4)

    assert table.row_count == len(throughput.CASES)
    assert text(table).count("%") == len(throughput.CASES)


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
