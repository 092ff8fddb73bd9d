"""A worker process: takes jobs from its socket, one at a time, until the socket closes.

Started as `python -m origin.worker SOCKET PARENT CONFINEMENT`, with next to nothing in its
environment. From `ready` on it can open nothing but fonts: whatever it imports, it has by then.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from contextlib import suppress

from origin.picture_file import map_picture
from origin.sandbox import Confinement, confine, end_with
from origin.wire import HEADER_LENGTH, MOST_FILES, pack_answer, pack_ready, unpack_job
from transforms.encode import Encoded
from transforms.engine import secure
from transforms.errors import EngineError, TransformError
from transforms.pipeline import run

_NICE = 5


def main(descriptor: int, parent: int, confinement: Confinement) -> None:
    # Ctrl-C and a closed terminal tell the whole group; the server decides when its workers end.
    for one in (signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    # The event loop goes first: what it does is short, and it keeps the workers busy.
    os.nice(_NICE)
    # Where the kernel cannot do that, an idle worker still ends with its socket.
    with suppress(OSError):
        end_with(parent)
    link = socket.socket(fileno=descriptor)
    secure()
    link.sendall(pack_ready(confine(confinement)))
    # A server that was killed resets the connection.
    with suppress(ConnectionError):
        while (received := _receive(link)) is not None:
            job, files = received
            lap = _Lap()
            answer = pack_answer(_work(job, files, lap), lap.took)
            for file in files:
                os.close(file)
            # In one piece: the server need not wake up twice for it.
            link.sendall(answer)


class _Lap:
    """took: seconds by stage, of those that were reached."""

    def __init__(self) -> None:
        self.took: dict[str, float] = {}
        self._since = time.perf_counter()

    def reached(self, stage: str) -> None:
        """Its end, and the beginning of the next."""
        now = time.perf_counter()
        self.took[stage] = now - self._since
        self._since = now


def _work(job_data: bytes, files: list[int], lap: _Lap) -> Encoded | Exception:
    try:
        job = unpack_job(job_data)
        source, *assets = files
        named = {
            name: bytes(map_picture(asset)[:])
            for name, asset in zip(job.assets, assets, strict=True)
        }
        made = run(
            job.plan, map_picture(source), assets=named, limits=job.limits, reached=lap.reached
        )
        # What goes out as it came in is not encoded.
        lap.reached("encode" if lap.took else "decode")
        return made
    except TransformError as error:
        return error
    except MemoryError:
        return EngineError("the worker ran out of memory")
    except Exception as error:
        return EngineError(f"{type(error).__name__}: {error}")


def _receive(link: socket.socket) -> tuple[bytes, list[int]] | None:
    """A job and the files with its pictures; None when the server is gone."""
    start, files, _, _ = socket.recv_fds(link, HEADER_LENGTH.size, MOST_FILES, socket.MSG_WAITALL)
    if len(start) < HEADER_LENGTH.size or not files:
        return None
    length = HEADER_LENGTH.unpack(start)[0]
    job = link.recv(length, socket.MSG_WAITALL)
    return (job, files) if len(job) == length else None


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Confinement(**json.loads(sys.argv[3])))
