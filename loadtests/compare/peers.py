"""The servers, each as its own defaults have it; docs/compare.md says where a default had to go."""

from __future__ import annotations

import getpass
import importlib.metadata
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loadtests.bench.servers import free_port, safelight_process, wait_for
from loadtests.compare.urls import Url, ipx_url, nginx_url, safelight_url, thumbor_url

INSTALLED = Path(__file__).parents[2] / "build" / "peers"
NGINX_MODULE = Path("/usr/lib/nginx/modules/ngx_http_image_filter_module.so")


class NotInstalled(Exception):
    """What is missing."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server that runs. keeps: whether results are kept by default."""

    name: str
    version: str
    processes: str
    keeps: bool
    url: Url
    port: int
    pid: int


@contextmanager
def started(
    root: Path, folder: Path, names: Sequence[str]
) -> Iterator[tuple[list[Peer], list[str]]]:
    """All that are installed, on the pictures in `root`; and a line on each that is not."""
    peers, missing = [], []
    with ExitStack() as stack:
        for name in names:
            try:
                peers.append(stack.enter_context(STARTERS[name](root, folder)))
            except NotInstalled as problem:
                missing.append(f"{name} is left out: {problem}; .ci/setup-peers installs it")
        yield peers, missing


@contextmanager
def safelight(root: Path, folder: Path) -> Iterator[Peer]:
    version = importlib.metadata.version("safelight")
    with safelight_process(root, unsafe="1") as (port, pid):
        yield Peer("Safelight", version, f"1 + {_cores()}", True, safelight_url, port, pid)


@contextmanager
def thumbor(root: Path, folder: Path) -> Iterator[Peer]:
    program = INSTALLED / "thumbor" / "bin" / "thumbor"
    _expect(program)
    settings = folder / "thumbor.conf"
    settings.write_text(
        f"LOADER = 'thumbor.loaders.file_loader'\nFILE_LOADER_ROOT_PATH = {str(root)!r}\n"
        f"FILE_STORAGE_ROOT_PATH = {str(folder / 'thumbor')!r}\n"
    )
    port = free_port()
    told = f"--ip=127.0.0.1 --port={port} --processes={_cores()} --conf={settings}".split()
    (about,) = (INSTALLED / "thumbor").glob("lib/python*/site-packages/thumbor-*.dist-info")
    version = about.stem.partition("-")[2]
    with _process([str(program), *told], port) as pid:
        yield Peer("Thumbor", version, f"{_cores()}", False, thumbor_url, port, pid)


@contextmanager
def ipx(root: Path, folder: Path) -> Iterator[Peer]:
    program = INSTALLED / "ipx" / "node_modules" / ".bin" / "ipx"
    node = shutil.which("node")
    if node is None:
        raise NotInstalled("no node on the PATH")
    _expect(program)
    port = free_port()
    # What `npx ipx` starts, without npm around it.
    told = f"serve --dir={root} --port={port} --host=127.0.0.1".split()
    about = INSTALLED / "ipx" / "node_modules" / "ipx" / "package.json"
    version = json.loads(about.read_text())["version"]
    with _process([node, str(program), *told], port) as pid:
        yield Peer("ipx", version, "1, threads", False, ipx_url, port, pid)


@contextmanager
def nginx(root: Path, folder: Path) -> Iterator[Peer]:
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise NotInstalled("no nginx on the PATH")
    _expect(NGINX_MODULE)
    port = free_port()
    settings = folder / "nginx.conf"
    settings.write_text(
        _NGINX.format(module=NGINX_MODULE, cores=_cores(), folder=folder, root=root, port=port)
    )
    # Started by root it would work as somebody who cannot read here.
    user = f" user {getpass.getuser()};" if os.geteuid() == 0 else ""
    command = [program, "-e", "stderr", "-c", str(settings), "-g", f"daemon off;{user}"]
    told = subprocess.run([program, "-v"], capture_output=True, text=True, timeout=30, check=True)
    version = told.stderr.split()[2].rpartition("/")[2]
    with _process(command, port) as pid:
        yield Peer("nginx", version, f"1 + {_cores()}", False, nginx_url, port, pid)


_NGINX = """
load_module {module};
worker_processes {cores};
pid {folder}/nginx.pid;
events {{ worker_connections 768; }}
http {{
    access_log off;
    types {{ image/jpeg jpg; }}
    client_body_temp_path {folder}/nginx-body;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            root {root};
            image_filter resize $arg_w -;
            image_filter_jpeg_quality $arg_q;
            # 1M by default, which refuses photographs.
            image_filter_buffer 64M;
        }}
    }}
}}
"""

# In the order of the tables.
STARTERS: Mapping[str, Callable[[Path, Path], AbstractContextManager[Peer]]] = {
    "Safelight": safelight,
    "Thumbor": thumbor,
    "ipx": ipx,
    "nginx": nginx,
}


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _expect(there: Path) -> None:
    if not there.exists():
        raise NotInstalled(f"expected {there}")


@contextmanager
def _process(command: list[str], port: int) -> Iterator[int]:
    """In a session of its own: some leave their children behind."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(port, process)
        yield process.pid
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=5)
