"""Varnish as `edge-config/varnish` sets it up."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.edge.edges import KEYS, MOST_AT_ONCE, Edge, clients, configured, process, program
from tests.system.server import free_port

MODULES = ("digest", "xkey")


@contextmanager
def varnish(folder: Path, origins: Sequence[int], keys: Mapping[str, str] = KEYS) -> Iterator[Edge]:
    """In front of the origins at these ports: two at home, two in the other region."""
    executable = program("varnishd", "apt-get install varnish")
    for name in MODULES:
        if not list(Path("/usr/lib").glob(f"*/varnish/vmods/libvmod_{name}.so")):
            pytest.skip(
                f"expected vmod_{name}: apt-get install varnish-modules varnish-vmod-digest"
            )
    port, purge_port = free_port(), free_port()
    # Faster than in production, and with more patience for a busy machine.
    values = {
        ".interval = 1s": ".interval = 100ms",
        ".timeout = 2s": ".timeout = 20s",
        "set_rampup(30s)": "set_rampup(0s)",
        ".max_connections = 256": f".max_connections = {MOST_AT_ONCE}",
    }
    files = configured(folder, "varnish", values, origins)
    url, purge = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{purge_port}"
    more = {
        "PATH": f"{os.environ.get('PATH', '')}:{Path(executable).parent}",
        "LISTEN": f"127.0.0.1:{port}",
        "PURGE_LISTEN": f"127.0.0.1:{purge_port}",
        "STORAGE": "malloc,64m",
    }
    command = [
        str(files / "start"),
        *("-n", str(folder / "varnish.d"), "-j", "none"),
        # VCL is compiled by the C compiler, which otherwise takes seconds to make it fast.
        *("-p", "cc_command=exec cc -O0 -fpic -shared -o %o %s"),
    ]

    def forget(_source: str, tag: str) -> None:
        asked = httpx.Request("PURGE", purge, headers={"xkey-softpurge": tag})
        client.send(asked).raise_for_status()

    with process(folder, command, f"{url}/edge-health", keys, more), clients() as client:
        yield Edge("varnish", url, client, forget)
