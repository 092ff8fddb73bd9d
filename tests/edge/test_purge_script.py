"""`edge-config/nginx/purge`, which gives nginx the purge that it lacks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.edge.edges import KEYS, configured
from tests.edge.nginx import nginx
from tests.edge.scripted import Reply, ports, stage
from tests.origin.live import signed
from tests.system.server import wait


def test_sources_and_whole_folders_are_forgotten_again_and_again(tmp_path: Path) -> None:
    summer = signed("/w:1/plain/s3://shop/summer/a.jpg")
    other = signed("/w:1/plain/s3://shop/b.jpg")

    with stage(4) as origins, nginx(tmp_path, ports(origins.origins), KEYS) as edge:
        for body in (b"1", b"2", b"3"):
            origins.script |= dict.fromkeys((summer, other), Reply(body))
            kept = edge.get(other).content
            edge.forget("~^s3://shop/summer/", "")
            wait(lambda body=body: edge.get(summer).content == body)  # type: ignore[misc]
            assert kept == b"1"

    lines = (tmp_path / "nginx" / "purged.map").read_text().splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("#")] == [
        '"~^s3://shop/summer/"'
    ]


@pytest.mark.parametrize("source", ['a"; b', "a\nb", "a\\b"])
def test_what_would_be_configuration_is_no_source(source: str, tmp_path: Path) -> None:
    files = configured(tmp_path, "nginx", {}, (1, 2, 3, 4))
    before = (files / "purged.map").read_text()

    refused = subprocess.run([files / "purge", source], capture_output=True, text=True)

    assert refused.returncode == 2
    assert "expected a reference" in refused.stderr
    assert (files / "purged.map").read_text() == before
