"""How a worker process comes up: next to no environment, confined, proven."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from origin.errors import WorkerCrashed
from origin.sandbox import Confinement
from origin.worker_link import WorkerLink
from origin.worker_proof import prove

_START_SECONDS: Final = 20
# What a worker needs of the environment: where its code and its allocator are.
_INHERITED: Final = ("PATH", "PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "MALLOC_CONF", "LANG")
# jemalloc keeps address space that it does not use, which would count against the limit.
_PREFERRED: Final = {"MALLOC_CONF": "retain:false"}
_FIXED: Final = {
    "VIPS_CONCURRENCY": "1",
    "VIPS_WARNING": "1",
    "OMP_NUM_THREADS": "1",
    # Some decoders put large pictures into a file, which a worker may not write.
    "VIPS_DISC_THRESHOLD": "1000g",
}
_CONFINED: Final = Confinement()


async def start_worker(
    environ: Mapping[str, str] | None = None, *, confinement: Confinement = _CONFINED
) -> WorkerLink:
    """A new process that has shown that it can render; WorkerCrashed if it cannot."""
    environ = os.environ if environ is None else environ
    inherited = {name: environ[name] for name in _INHERITED if name in environ}
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "origin.worker",
                str(theirs.fileno()), str(os.getpid()), json.dumps(asdict(confinement)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                env={**_PREFERRED, **inherited, **_FIXED},
            )  # fmt: skip
    except BaseException:
        ours.close()  # who stops the server may do so while a process is begun
        raise
    link = WorkerLink(process, ours)
    try:
        async with asyncio.timeout(_START_SECONDS):
            await link.wait_ready()
            link.proof = await prove(link)
    except (TimeoutError, OSError, EOFError, ValueError) as error:
        await link.stop()
        raise WorkerCrashed("a worker process did not start; its own words are above") from error
    except WorkerCrashed as error:
        await link.stop()
        limit = f"{confinement.memory_mb} MB (SAFELIGHT_WORKER_MB)"
        raise WorkerCrashed(f"a worker process with {limit} did not join: {error}") from error
    except asyncio.CancelledError:
        await link.stop()
        raise
    return link
