"""One worker process as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping

from origin.errors import WorkerCrashed
from origin.wire import (
    BODY_LENGTH,
    HEADER_LENGTH,
    MOST_HEADER,
    READY,
    unpack_answer,
)
from transforms.encode import Encoded

_START_SECONDS = 20
# What a worker needs of the environment: where its code and its allocator are.
_INHERITED = ("PATH", "PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "MALLOC_CONF", "LANG")
_FIXED = {"VIPS_CONCURRENCY": "1", "VIPS_WARNING": "1", "OMP_NUM_THREADS": "1"}


class WorkerLink:
    """Made by `start_worker`; one job at a time; useless after an error other than a typed one."""

    def __init__(self, process: asyncio.subprocess.Process, link: socket.socket) -> None:
        self._process = process
        self._link = link

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Between jobs: a living worker says nothing and keeps its end of the socket open."""
        try:
            self._link.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    async def run(self, job: bytes, file: int, *, most_bytes: int) -> Encoded:
        """The packed job's result; TransformError as the worker raised it, or WorkerCrashed."""
        try:
            await self._send(job, file)
            header = await self._read(HEADER_LENGTH.unpack(await self._read(4, 4))[0], MOST_HEADER)
            body = await self._read(BODY_LENGTH.unpack(await self._read(8, 8))[0], most_bytes)
        except (OSError, EOFError) as error:
            raise WorkerCrashed("a worker died of the source") from error
        try:
            return unpack_answer(bytes(header), bytes(body))
        except (ValueError, KeyError, TypeError) as error:
            raise WorkerCrashed("a worker answered nonsense") from error

    async def stop(self) -> None:
        """Kills the process, whatever it is doing, and waits for its end."""
        self._link.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def _send(self, job: bytes, file: int) -> None:
        sent = socket.send_fds(self._link, [job], [file])
        if sent < len(job):
            await asyncio.get_running_loop().sock_sendall(self._link, job[sent:])

    async def _read(self, length: int, most: int) -> bytearray:
        if length > most:
            raise EOFError(f"expected at most {most} bytes, got {length}")
        data = bytearray(length)
        view = memoryview(data)
        loop = asyncio.get_running_loop()
        while view:
            count = await loop.sock_recv_into(self._link, view)
            if not count:
                raise EOFError("the socket closed")
            view = view[count:]
        return data


async def start_worker(environ: Mapping[str, str] | None = None) -> WorkerLink:
    """A new process, ready for work; WorkerCrashed if it does not come up."""
    environ = os.environ if environ is None else environ
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "origin.worker", str(theirs.fileno()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={name: environ[name] for name in _INHERITED if name in environ} | _FIXED,
        )  # fmt: skip
    link = WorkerLink(process, ours)
    try:
        async with asyncio.timeout(_START_SECONDS):
            await link._read(len(READY), len(READY))
    except (TimeoutError, OSError, EOFError) as error:
        await link.stop()
        raise WorkerCrashed("a worker process did not start; its own words are above") from error
    except asyncio.CancelledError:
        await link.stop()
        raise
    return link
