"""The simulated fleet against what is known of caches, and against two real servers."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from loadtests.simulation.fleet import TIERS, Capacity, Change, Fleet, simulate
from loadtests.simulation.ring import Ring
from loadtests.simulation.traffic import Request, Traffic
from tests.origin.live import noise
from tests.system.server import running

_HIT = re.compile(r"safelight-(\w+); hit")


def _thousand(_request: Request) -> int:
    return 1000


def test_with_room_for_all_everything_is_made_once() -> None:
    fleet = Fleet("ab", Capacity(memory=1 << 30))
    requests = list(Traffic(50).draw(5000, seed=1))

    tally = simulate(fleet, requests, _thousand)

    assert tally.answers["made"] == len({request.variant for request in requests})
    assert tally.answers["memory"] == 5000 - tally.answers["made"]


def test_the_same_seed_draws_the_same_requests() -> None:
    traffic = Traffic(100)

    assert list(traffic.draw(500, seed=7)) == list(traffic.draw(500, seed=7))
    assert list(traffic.draw(500, seed=7)) != list(traffic.draw(500, seed=8))


def test_popularity_follows_zipf() -> None:
    drawn = Counter(request.source for request in Traffic(1000, 1.0).draw(100_000, seed=1))

    # The most popular is asked for ten times as often as the tenth.
    assert drawn[0] / drawn[9] == pytest.approx(10, rel=0.15)


def test_a_node_that_goes_costs_what_it_alone_kept() -> None:
    def made(capacity: Capacity) -> tuple[int, int]:
        tally = simulate(
            Fleet("abcd", capacity),
            Traffic(300).draw(20_000, seed=1),
            _thousand,
            changes=[Change(10_000, "a", joins=False)],
            stretch=2000,
        )
        return tally.stretches[4]["made"], tally.stretches[5]["made"]

    before, after = made(Capacity(memory=1 << 30))
    before_shared, after_shared = made(Capacity(memory=1 << 30, objects=True))

    assert after > 1.5 * before
    assert after_shared <= before_shared + 20


def test_a_larger_memory_answers_more() -> None:
    def share(memory: int) -> float:
        fleet = Fleet("a", Capacity(memory=memory))
        return simulate(fleet, Traffic(2000).draw(20_000, seed=1), _thousand).ratios()["memory"]

    small, large = share(1 << 20), share(8 << 20)

    assert small < large


def test_two_real_nodes_answer_from_the_tiers_that_were_foreseen(tmp_path: Path) -> None:
    """Memory too small for all, disks that are not, requests one at a time."""
    root = tmp_path / "pictures"
    root.mkdir()
    for number in range(40):
        (root / f"{number}.png").write_bytes(noise(120 + number))
    traffic = Traffic(40, 0.8, widths={60: 0.5, 80: 0.3, 100: 0.2}, formats={"jpg": 1.0})
    requests = list(traffic.draw(1200, seed=3))
    ring, sizes = Ring(["0", "1"]), dict[tuple[int, int, str], int]()
    seen = Counter[str]()
    with ExitStack() as stack:
        servers = [
            stack.enter_context(
                running(
                    tmp_path / name,
                    UNSAFE=1,
                    WORKERS=1,
                    LOCAL_ROOT=root,
                    CACHE_MEMORY_MB=0.1,
                    CACHE_DISK_DIR=tmp_path / f"disk-{name}",
                    POINTER_TTL=1000,
                )
            )
            for name in ("0", "1")
        ]
        client = stack.enter_context(httpx.Client(timeout=30))
        for request in requests:
            server = servers[int(ring.place(str(request.source)))]
            path = f"/_/w:{request.width}/q:80/plain/local:///{request.source}.png@jpg"
            answer = client.get(f"{server.url}{path}")
            assert answer.status_code == 200
            found = _HIT.search(answer.headers["cache-status"])
            seen[found[1] if found else "made"] += 1
            sizes[request.variant] = len(answer.content)
    fleet = Fleet(["0", "1"], Capacity(memory=int(0.1 * 2**20), disk=1 << 30))

    foreseen = simulate(fleet, requests, lambda request: sizes[request.variant]).ratios()

    real = {tier: seen[tier] / len(requests) for tier in TIERS}
    assert real["memory"] > 0.2
    assert real["disk"] > 0.1
    for tier in TIERS:
        assert real[tier] == pytest.approx(foreseen[tier], abs=0.04), (real, foreseen)
