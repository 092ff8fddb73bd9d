"""The Cloudflare Worker in workerd, Cloudflare's own runtime, which has all but the cache."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.edges import CONFIG, KEYS, Edge, clients, process
from tests.edge.tools import NODE_MODULES
from tests.system.server import free_port

FOLDER = CONFIG / "cloudflare"
WRANGLER = tomllib.loads((FOLDER / "wrangler.toml").read_text())
_PATIENCE = "const SECONDS = 15;"
_CONFIG = """
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "worker", worker = .worker),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:%(port)d", http = (), service = "worker")],
);
const worker :Workerd.Worker = (
  modules = [%(modules)s],
  compatibilityDate = "%(date)s",
  bindings = [%(bindings)s],
);
"""


@contextmanager
def worker(folder: Path, origins: Sequence[int], *, patience: int = 15) -> Iterator[Edge]:
    """In front of the origins at these ports: two at home, two in the other region.

    patience: seconds until an answer is late.
    """
    found = list(NODE_MODULES.glob("@cloudflare/workerd-*/bin/workerd"))
    if not found:
        pytest.skip("expected workerd: .ci/setup-edge-tools")
    port = free_port()
    urls = [f"http://127.0.0.1:{origin}" for origin in origins]
    bindings = {
        "ORIGINS_HOME": ", ".join(urls[:2]),
        "ORIGINS_AWAY": ", ".join(urls[2:]),
        **{f"SAFELIGHT_{name}": value for name, value in KEYS.items()},
    }
    main = WRANGLER["main"]
    assert _PATIENCE in (FOLDER / main).read_text()
    # The first module is the one that is asked.
    modules = [main, *sorted(path.name for path in FOLDER.glob("*.js") if path.name != main)]
    for name in modules:
        # The configuration finds what lies beside it.
        text = (FOLDER / name).read_text()
        (folder / name).write_text(text.replace(_PATIENCE, f"const SECONDS = {patience};"))
    config = folder / "config.capnp"
    config.write_text(
        _CONFIG
        % {
            "port": port,
            "date": WRANGLER["compatibility_date"],
            "modules": ", ".join(
                f'(name = "{name}", esModule = embed "{name}")' for name in modules
            ),
            "bindings": ", ".join(
                f'(name = "{name}", text = "{value}")' for name, value in bindings.items()
            ),
        }
    )

    def forget(_source: str, _tag: str) -> None:
        raise NotImplementedError("purges are Cloudflare's own")

    url = f"http://127.0.0.1:{port}"
    command = [str(found[0]), "serve", str(config)]
    with process(folder, command, f"{url}/edge-health", {}), clients() as client:
        yield Edge("worker", url, client, forget)
