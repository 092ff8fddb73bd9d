"""Edges that cannot check signatures leave them to the origins, and keep copies apart by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing.imgproxy import ImgproxyScheme
from tests.edge.conftest import EDGES
from tests.edge.edges import PAIRS
from tests.edge.scripted import NOT_KEPT, Reply, ports, stage
from tests.origin.live import signed

# Varnish's strings end at a zero byte, so it cannot hold such a key.
UNUSABLE = {"nginx": {}, "varnish": {"KEYS": "61006b6579", "SALTS": "73616c74"}}


@pytest.mark.parametrize("name", list(UNUSABLE))
def test_without_a_key_the_signature_is_a_part_of_the_name(name: str, tmp_path: Path) -> None:
    good = signed("/w:100/plain/local:///a.jpg")
    short = ImgproxyScheme(PAIRS, size=16).sign(b"/w:100/plain/local:///a.jpg").decode()
    bad = good.replace("w:100", "w:101")

    with (
        stage(4) as origins,
        EDGES[name](tmp_path, ports(origins.origins), UNUSABLE[name]) as edge,
    ):
        origins.script[bad] = Reply(status=403, cache_control=NOT_KEPT)
        statuses = [edge.get(path).status_code for path in (good, good, short, bad)]

    assert statuses == [200, 200, 200, 403]
    assert [len(origins.about(path)) for path in (good, short, bad)] == [1, 1, 1]
