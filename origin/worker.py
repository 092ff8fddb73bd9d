"""A worker process: takes jobs from its socket, one at a time, until the socket closes.

Started as `python -m origin.worker DESCRIPTOR`, with next to nothing in its environment.
"""

from __future__ import annotations

import array
import signal
import socket
import sys

from origin.wire import (
    HEADER_LENGTH,
    MOST_FILES,
    READY,
    pack_answer,
    read_files,
    unpack_job,
)
from transforms.encode import Encoded
from transforms.engine import secure
from transforms.errors import EngineError, TransformError
from transforms.pipeline import run


def main(descriptor: int) -> None:
    # Ctrl-C goes to the whole group; the server decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    link = socket.socket(fileno=descriptor)
    secure()
    link.sendall(READY)
    while (received := _receive(link)) is not None:
        header, body = pack_answer(_work(*received))
        link.sendall(header)
        link.sendall(body)


def _work(job_data: bytes, files: list[int]) -> Encoded | Exception:
    try:
        job = unpack_job(job_data)
        data, *assets = read_files(files)
        named = dict(zip(job.assets, assets, strict=True))
        return run(job.plan, data, assets=named, limits=job.limits)
    except TransformError as error:
        return error
    except MemoryError:
        return EngineError("the worker ran out of memory")
    except Exception as error:
        return EngineError(f"{type(error).__name__}: {error}")


def _receive(link: socket.socket) -> tuple[bytes, list[int]] | None:
    """A job and the descriptors that came with it; None when the server is gone."""
    space = socket.CMSG_SPACE(MOST_FILES * array.array("i").itemsize)
    start, ancillary, _, _ = link.recvmsg(HEADER_LENGTH.size, space)
    if len(start) < HEADER_LENGTH.size:
        return None
    files = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            files.frombytes(data[: len(data) - len(data) % files.itemsize])
    length = HEADER_LENGTH.unpack(start)[0]
    job = link.recv(length, socket.MSG_WAITALL)
    return (job, list(files)) if len(job) == length else None


if __name__ == "__main__":
    main(int(sys.argv[1]))
