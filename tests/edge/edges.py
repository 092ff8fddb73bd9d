"""Edges as processes: the committed configuration, with the addresses and paths of a test in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from signing.keys import KeyPair
from tests.origin.live import PAIR
from tests.system.server import NO_TLS, environment, open_client

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "edge-config"
# The first one signs; the second one is being rotated out.
PAIRS = (PAIR, KeyPair(b"a key that is going", b"a salt that is going"))
KEYS = {
    "KEYS": ",".join(pair.key.hex() for pair in PAIRS),
    "SALTS": ",".join(pair.salt.hex() for pair in PAIRS),
}
# As the committed files write the origins: two at home, two in the other region.
PLACES = ("10.0.1.11", "10.0.1.12", "10.0.2.11", "10.0.2.12")
# Requests that one origin gets before the next one does, where the edge counts them so.
MOST_AT_ONCE = 8
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Edge:
    """A running edge. forget: makes it drop what was made of a source, which has this tag."""

    name: str
    url: str
    client: httpx.Client
    forget: Callable[[str, str], None]

    def get(self, path: str, method: str = "GET", **headers: str) -> httpx.Response:
        """Asks on a new connection; header names with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        # Not `client.request`: that adds fields of its own.
        return self.client.send(httpx.Request(method, self.url + path, headers=named))


def program(name: str, package: str) -> str:
    """Where it is, or a skip that says how to get it."""
    # Debian keeps servers where only root's PATH looks.
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"expected {name}: {package}")
    return found


def configured(folder: Path, kind: str, values: Mapping[str, str], ports: Sequence[int]) -> Path:
    """A copy of the committed files, with these texts in place of others; where it is."""
    copy = folder / kind
    shutil.copytree(CONFIG / kind, copy)
    files = {path: path.read_text() for path in copy.rglob("*") if path.is_file()}
    assert [old for old in values if not any(old in text for text in files.values())] == []
    for path, text in files.items():
        path.write_text(_placed(text, values, ports))
    return copy


def _placed(text: str, values: Mapping[str, str], ports: Sequence[int]) -> str:
    for place, port in zip(PLACES, ports, strict=True):
        text = re.sub(re.escape(place) + r"(:|, port_value: )8080", rf"127.0.0.1\g<1>{port}", text)
    for old, new in values.items():
        text = text.replace(old, new)
    assert "10.0." not in text, "an origin of production is left in the configuration"
    return text


@contextmanager
def clients() -> Iterator[httpx.Client]:
    """Each request on a connection of its own."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with open_client(timeout=_PATIENCE, limits=limits) as client:
        yield client


@contextmanager
def process(
    folder: Path,
    command: Sequence[str],
    url: str,
    keys: Mapping[str, str],
    more: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until the block is left; it answers at `url` when the block begins."""
    with (folder / "output").open("wb") as output:
        child = subprocess.Popen(
            command, cwd=folder, env=environment(keys, more), stdout=output, stderr=output
        )
    try:
        _wait_until_ready(child, url, folder / "output")
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _wait_until_ready(child: subprocess.Popen[bytes], url: str, output: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and child.poll() is None:
        try:
            if httpx.get(url, trust_env=False, verify=NO_TLS).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.02)
    raise RuntimeError(f"expected an edge at {url}, got: {output.read_text()}")
