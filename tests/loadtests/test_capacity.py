"""The capacity formula: by hand, and against the CPU time of a real run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from loadtests.capacity.measure import Measured, served
from loadtests.capacity.model import Assumptions, Costs, cpu_seconds, need
from tests.origin.live import noise

COSTS = Costs(
    hit={"memory": 0.1, "disk": 0.5, "objects": 2.0},
    miss=3.0,
    render={"avif": 400.0, "webp": 40.0, "jpg": 40.0},
)


def test_a_fifth_of_avif_at_720_renders_takes_135_cores() -> None:
    assumed = Assumptions(
        cdn_hit=0.95,
        tiers={"memory": 0.6},
        formats={"avif": 0.2, "webp": 0.8},
        mean_bytes=60e3,
    )
    free = replace(COSTS, hit={"memory": 0.0}, miss=0.0)

    found = need(36_000, free, assumed)

    assert found.origin == pytest.approx(1800)
    assert found.renders == pytest.approx(720)
    assert found.cores == pytest.approx(134.4, rel=0.01)
    assert found.edge_bandwidth / 1e9 == pytest.approx(17.28)
    assert found.origin_bandwidth / 1e9 == pytest.approx(0.864)
    assert found.storage / 1e12 == pytest.approx(36.0)


def test_ten_times_the_visits_take_ten_times_the_cores() -> None:
    few, many = need(1000, COSTS, Assumptions()), need(10_000, COSTS, Assumptions())

    assert many.cores == pytest.approx(10 * few.cores)
    assert many.nodes < 10 * few.nodes


@pytest.mark.parametrize(
    "wrong",
    [
        {"cdn_hit": 1.0},
        {"tiers": {"memory": 0.7, "disk": 0.7}},
        {"formats": {"avif": 0.5}},
    ],
)
def test_shares_that_cannot_be_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        Assumptions(**wrong)  # type: ignore[arg-type]


def test_a_tier_that_was_not_measured_is_no_tier_for_nothing() -> None:
    with pytest.raises(KeyError):
        need(1000, COSTS, Assumptions(tiers={"redis": 0.5}))


def test_a_mixed_run_takes_the_cpu_time_that_the_formula_says(tmp_path: Path) -> None:
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(noise(500 + number))

    def render(first: int, count: int, ending: str) -> list[str]:
        return [
            f"/_/w:300/cb:{first + number}/plain/local:///{number % 4}.png@{ending}"
            for number in range(count)
        ]

    def hit(count: int) -> list[str]:
        return ["/_/w:300/cb:0/plain/local:///0.png@webp"] * count

    with served(tmp_path, cache_memory_mb="64") as server:
        costs = _costs(server, render, hit)
        mixed = [*render(1000, 20, "webp"), *render(2000, 40, "jpg"), *hit(3000)]
        spent = server.spent(mixed)
    foreseen = cpu_seconds({"memory": 3000, "made": 60}, {"webp": 20, "jpg": 40}, costs)

    assert spent.server + spent.workers == pytest.approx(foreseen, rel=0.35)


def _costs(server: Measured, render, hit) -> Costs:  # type: ignore[no-untyped-def]
    """CPU clocks tick a hundred times a second: each share takes many of them."""
    server.spent([*render(0, 4, "webp"), *render(0, 4, "jpg")])
    webp, jpg = server.spent(render(100, 40, "webp")), server.spent(render(200, 40, "jpg"))
    return Costs(
        hit={"memory": 1000 * server.spent(hit(3000)).server / 3000},
        miss=1000 * (webp.server + jpg.server) / 80,
        render={"webp": 1000 * webp.workers / 40, "jpg": 1000 * jpg.workers / 40},
    )
