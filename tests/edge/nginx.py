"""nginx as `edge-config/nginx` sets it up."""

from __future__ import annotations

import getpass
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.edges import KEYS, MOST_AT_ONCE, Edge, clients, configured, process, program
from tests.system.server import free_port

MODULE = Path("/usr/lib/nginx/modules/ngx_http_js_module.so")


@contextmanager
def nginx(folder: Path, origins: Sequence[int], keys: Mapping[str, str] = KEYS) -> Iterator[Edge]:
    """In front of the origins at these ports: two at home, two in the other region."""
    executable = program("nginx", "apt-get install nginx-light")
    if not MODULE.exists():
        pytest.skip(f"expected {MODULE}: apt-get install libnginx-mod-http-js")
    port = free_port()
    values = {
        "/run/nginx.pid": f"{folder}/pid",
        "/var/log/nginx/": f"{folder}/",
        "/var/cache/nginx/safelight": f"{folder}/cache",
        "listen 80 ": f"listen 127.0.0.1:{port} ",
        "worker_processes auto": "worker_processes 2",
        "worker_rlimit_nofile 65536;": "",
        "worker_connections 16384": "worker_connections 1024",
        "fail_timeout=5s": "fail_timeout=1s",
        "max_conns=256": f"max_conns={MOST_AT_ONCE}",
        "min_free=2g": "min_free=1m",
        "keys_zone=safelight:256m": "keys_zone=safelight:16m",
    }
    files = configured(folder, "nginx", values, origins)
    # Started by root it would work as somebody who cannot write here.
    directives = f"daemon off; user {getpass.getuser()};" if os.geteuid() == 0 else "daemon off;"
    command = [executable, "-c", f"{files}/nginx.conf", "-g", directives]
    url = f"http://127.0.0.1:{port}"

    def forget(source: str, _tag: str) -> None:
        path = f"{os.environ.get('PATH', '')}:{Path(executable).parent}"
        subprocess.run([f"{files}/purge", source], env={"PATH": path}, check=True)

    with process(folder, command, f"{url}/edge-health", keys), clients() as client:
        yield Edge("nginx", url, client, forget)
