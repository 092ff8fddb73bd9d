"""Nobody waits for an object store that has had nothing for long, and nothing else changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.faults import FaultProxyThread, Faults, Flow, fault_proxy_thread
from tests.s3 import S3Server
from tests.system.figures import Figures
from tests.system.server import Server, wait
from tests.system.tiers import Gallery, asked, results
from tests.system.tiers import gallery as gallery

# Below what the store may take, far above what a render does.
SLOW_SECONDS = 1.2
PAYS_AFTER = 20
RATE = 30


@dataclass(frozen=True)
class Fleet:
    """Two that share a bucket. proxy: the way of the one to it; the other fills it."""

    one: Server
    other: Server
    proxy: FaultProxyThread


@pytest.fixture
def fleet(gallery: Gallery, s3_server: S3Server, tmp_path: Path) -> Iterator[Fleet]:
    more, bucket = s3_server.environment, f"s3://{s3_server.new_bucket()}/results"
    with (
        fault_proxy_thread("127.0.0.1", int(s3_server.url.rsplit(":", 1)[1])) as proxy,
        gallery.serving(
            tmp_path / "one",
            more=more,
            S3_ENDPOINT=proxy.url("http"),
            CACHE_RESULTS=bucket,
            POINTER_TTL=10_000,
            MISS_RATE=f"{RATE}/day",
        ) as one,
        gallery.serving(
            tmp_path / "other", more=more, S3_ENDPOINT=s3_server.url, CACHE_RESULTS=bucket
        ) as other,
    ):
        yield Fleet(one, other, proxy)


def test_nobody_waits_for_a_store_that_never_has_anything(gallery: Gallery, fleet: Fleet) -> None:
    slow = Faults(to_client=Flow(latency=SLOW_SECONDS))
    first, last = results(40, count=1), results(41, count=1)
    many = results(42, count=PAYS_AFTER)

    fleet.proxy.faults = slow
    before = gallery.ask(fleet.one, first)
    fleet.proxy.faults = Faults()
    gallery.ask(fleet.one, many)
    fleet.proxy.faults = slow
    after = gallery.ask(fleet.one, last)
    fleet.proxy.faults = Faults()

    assert before.slowest > SLOW_SECONDS
    assert after.slowest < SLOW_SECONDS
    wait(lambda: Figures(fleet.one).sum("safelight_head_starts_total", result="used") >= 1)
    assert Figures(fleet.one).sum("safelight_head_starts_total", result="wasted") == 0


def test_what_another_node_has_made_is_given_to_whom_nothing_can_be_made(
    gallery: Gallery, fleet: Fleet
) -> None:
    kept, new = results(50, count=3), results(51, count=PAYS_AFTER)
    gallery.wait_for_hits(fleet.other, "objects", kept)
    gallery.ask(fleet.one, new)
    gallery.ask(fleet.one, results(52, count=RATE - PAYS_AFTER))
    beyond = asked(fleet.one, results(53, count=PAYS_AFTER), at_once=1)
    assert {answer.status_code for answer in beyond} == {429}
    found = gallery.ask(fleet.one, kept)
    assert found.tiers == {"objects": len(kept)}
