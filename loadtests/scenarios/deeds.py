"""What is done to the servers in the middle of a scenario."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

_PATIENCE = 30.0


def purge_all(admins: Sequence[str], sources: Sequence[str]) -> None:
    """Every result of these sources is new afterwards, on the node of each admin port."""
    for admin in admins:
        for prefix in prefixes(sources):
            request = Request(
                f"{admin}/purge",
                json.dumps({"prefix": prefix}).encode(),
                {"content-type": "application/json"},
            )
            with build_opener(ProxyHandler({})).open(request, timeout=_PATIENCE) as answer:
                answer.read()


def prefixes(sources: Sequence[str]) -> list[str]:
    """Scheme and bucket or host of each, once."""
    parts = [urlsplit(source) for source in sources]
    return list(dict.fromkeys(f"{part.scheme}://{part.netloc}/" for part in parts))


def lose(environ: Mapping[str, str]) -> None:
    """Ends an origin as LOSE_COMMAND says, and without a warning those that LOSE_PIDS tells."""
    for pid in environ.get("LOSE_PIDS", "").split(","):
        if pid:
            os.kill(int(pid), signal.SIGKILL)
    if command := environ.get("LOSE_COMMAND", ""):
        subprocess.run(command, shell=True, check=True, timeout=_PATIENCE)
