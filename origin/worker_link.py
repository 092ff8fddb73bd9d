"""One worker process as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from origin.errors import WorkerCrashed
from origin.sandbox import Confinement, Layer
from origin.wire import BODY_LENGTH, HEADER_LENGTH, MOST_HEADER, MOST_READY, unpack_ready

_START_SECONDS = 20
_PIECE = 1 << 18
# What a worker needs of the environment: where its code and its allocator are.
_INHERITED = ("PATH", "PYTHONPATH", "LD_PRELOAD", "LD_LIBRARY_PATH", "MALLOC_CONF", "LANG")
# jemalloc keeps address space that it does not use, which would count against the limit.
_PREFERRED = {"MALLOC_CONF": "retain:false"}
_FIXED = {
    "VIPS_CONCURRENCY": "1",
    "VIPS_WARNING": "1",
    "OMP_NUM_THREADS": "1",
    # Some decoders put large pictures into a file, which a worker may not write.
    "VIPS_DISC_THRESHOLD": "1000g",
}
_PREFIXES: Final = HEADER_LENGTH.size + BODY_LENGTH.size
_CONFINED: Final = Confinement()


class WorkerLink:
    """Made by `start_worker`; one job at a time.

    Answers are taken off the socket in the event loop's own callback and handed on at once: every
    turn of the loop between two jobs is time in which the process has nothing to do.
    """

    def __init__(self, process: asyncio.subprocess.Process, link: socket.socket) -> None:
        self._process = process
        self._link = link
        self._received = bytearray()
        self._needed = 0
        self.layers: Mapping[str, Layer] = {}

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def left(self) -> bool:
        """Whether nothing is heard of it any more."""
        return self._link.fileno() < 0

    def listen(
        self,
        *,
        most_bytes: int,
        answered: Callable[[WorkerLink, bytes, bytes], None],
        ended: Callable[[WorkerLink], None],
    ) -> None:
        """From now on: `answered` with header and body for each job, or once `ended`."""
        self._most_bytes = most_bytes
        self._answered = answered
        self._ended = ended
        asyncio.get_running_loop().add_reader(self._link, self._read)

    def send(self, job: bytes, files: Sequence[int]) -> bool:
        """Hands over a packed job and the descriptors that belong to it; False if it cannot."""
        self._needed = _PREFIXES
        try:
            # An idle worker's socket is empty, and has room for the longest plan.
            return socket.send_fds(self._link, [job], files) == len(job)
        except OSError:
            return False

    def leave(self) -> bool:
        """Hears no more of it; False if that was so already."""
        if self.left:
            return False
        asyncio.get_running_loop().remove_reader(self._link)
        self._link.close()
        return True

    async def stop(self) -> None:
        """Kills the process, whatever it is doing, and waits for its end."""
        self.leave()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    async def wait_ready(self) -> None:
        """EOFError if the process ends before it is ready for work, ValueError if it is odd."""
        said = b""
        while not said.endswith(b"\n") and len(said) < MOST_READY:
            piece = await asyncio.get_running_loop().sock_recv(self._link, MOST_READY - len(said))
            if not piece:
                raise EOFError(f"expected a line, got {said!r} and the end")
            said += piece
        self.layers = unpack_ready(said)

    def _read(self) -> None:
        try:
            piece = self._link.recv(max(_PIECE, self._needed - len(self._received)))
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        self._received += piece
        if not piece or not self._needed or not self._take_lengths():
            # The process is gone, or says what no worker of ours says, or when it was not asked.
            self._ended(self)
        elif len(self._received) >= self._needed:
            self._answer()

    def _take_lengths(self) -> bool:
        """Learns how long the answer will be, once that has come; False if it is too long."""
        if len(self._received) < _PREFIXES:
            return True
        header: int = HEADER_LENGTH.unpack_from(self._received)[0]
        body: int = BODY_LENGTH.unpack_from(self._received, HEADER_LENGTH.size)[0]
        self._needed = _PREFIXES + header + body
        return header <= MOST_HEADER and body <= self._most_bytes

    def _answer(self) -> None:
        header = HEADER_LENGTH.unpack_from(self._received)[0]
        with memoryview(self._received) as view:
            facts = bytes(view[_PREFIXES : _PREFIXES + header])
            body = bytes(view[_PREFIXES + header : self._needed])
        self._received, self._needed = bytearray(), 0
        self._answered(self, facts, body)


async def start_worker(
    environ: Mapping[str, str] | None = None, *, confinement: Confinement = _CONFINED
) -> WorkerLink:
    """A new process, ready for work; WorkerCrashed if it does not come up."""
    environ = os.environ if environ is None else environ
    inherited = {name: environ[name] for name in _INHERITED if name in environ}
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "origin.worker",
            str(theirs.fileno()), str(os.getpid()), json.dumps(asdict(confinement)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            env={**_PREFERRED, **inherited, **_FIXED},
        )  # fmt: skip
    link = WorkerLink(process, ours)
    try:
        async with asyncio.timeout(_START_SECONDS):
            await link.wait_ready()
    except (TimeoutError, OSError, EOFError, ValueError) as error:
        await link.stop()
        raise WorkerCrashed("a worker process did not start; its own words are above") from error
    except asyncio.CancelledError:
        await link.stop()
        raise
    return link
