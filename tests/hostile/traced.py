"""What runs under strace: a worker that draws, and for comparison one that is told to reach out.

`python -m tests.hostile.traced FILE PORT` prints the number of each process and what was drawn.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from loadtests.fuzz.case import planned
from loadtests.fuzz.outcome import attempt
from origin.workers import open_workers
from tests.hostile.drawings import drawings, of_data
from transforms.limits import Limits

# It says `ready` on a socket, as a worker does, and then does what none may.
_REACHES_OUT = """
import contextlib, os, socket, sys
from origin.sandbox import Confinement, confine
ours, theirs = socket.socketpair()
confine(Confinement())
ours.sendall(b"ready")
for attempt in (
    lambda: open(sys.argv[1], "rb"),
    lambda: socket.socket().connect(("127.0.0.1", int(sys.argv[2]))),
    lambda: os.execv("/bin/true", ["true"]),
):
    with contextlib.suppress(OSError):
        attempt()
"""


async def main(file: Path, port: int) -> None:
    pictures = {"data": of_data(), **drawings(file, port)}
    async with open_workers(1, Limits()) as workers:
        worker = workers.pids[0]
        kinds = {
            name: (await attempt(workers, planned("w:50@png"), data, seconds=60)).kind
            for name, data in pictures.items()
        }
        same = workers.pids == [worker]
    control = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _REACHES_OUT, str(file), str(port)
    )
    await control.wait()
    print(json.dumps({"worker": worker, "same": same, "control": control.pid, "kinds": kinds}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
