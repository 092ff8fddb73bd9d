"""What a request costs that makes no picture: 304 and a bad signature against a bare ASGI app."""

from __future__ import annotations

import asyncio
import statistics
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

from loadtests.bench.client import drive, get
from loadtests.bench.pictures import photographs
from loadtests.bench.servers import bare_server, safelight
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair

_KEY = KeyPair(b"bench-key-of-some-length", b"bench-salt-of-some-length")
_CONNECTIONS = 16


def run(*, rounds: int = 5, requests: int = 6000) -> Table:
    path = ImgproxyScheme((_KEY,)).sign(b"/rs:fit:400:400/plain/local:///a.jpg@webp").decode()
    bad = "/" + "A" * 43 + path[44:]
    with TemporaryDirectory() as folder, bare_server() as bare:
        (Path(folder) / "a.jpg").write_bytes(next(iter(photographs().values())))
        with safelight(Path(folder), keys=_KEY.key.hex(), salts=_KEY.salt.hex()) as ours:
            with urllib.request.urlopen(f"http://127.0.0.1:{ours}{path}") as answer:
                tag = answer.headers["etag"]
            kinds = {
                "bare ASGI app": (bare, get("/"), 200),
                "304, whole app": (ours, get(path, If_None_Match=tag), 304),
                "bad signature, 403": (ours, get(bad), 403),
            }
            rates: dict[str, list[float]] = {kind: [] for kind in kinds}
            for _ in range(rounds):
                for kind, (port, request, status) in kinds.items():
                    outcome = asyncio.run(
                        drive(port, [request] * requests, connections=_CONNECTIONS)
                    )
                    if set(outcome.statuses) != {status}:
                        raise RuntimeError(f"{kind}: expected {status}, got {outcome.statuses}")
                    rates[kind].append(outcome.per_second)
    table = Table(title=f"Requests without pixels (median of {rounds} rounds, one server process)")
    for column in ("request", "per second", "of the bare app"):
        table.add_column(column, justify="left" if column == "request" else "right")
    floor = statistics.median(rates["bare ASGI app"])
    for kind, found in rates.items():
        table.add_row(
            kind, f"{statistics.median(found):,.0f}", f"{statistics.median(found) / floor:.0%}"
        )
    return table
