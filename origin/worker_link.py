"""One worker process as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import structlog

from origin.sandbox import Layer
from origin.wire import BODY_LENGTH, HEADER_LENGTH, MOST_HEADER, MOST_READY, unpack_ready

log = structlog.get_logger("safelight.workers")

_PIECE = 1 << 18
# One that waits in the kernel, for a file system that hangs, ends when that lets it.
_END_SECONDS: Final = 10.0
_PREFIXES: Final = HEADER_LENGTH.size + BODY_LENGTH.size


@dataclass(frozen=True, slots=True)
class Proof:
    """What a worker rendered before it was given anybody's picture.

    ms: how long that took. at: when it was done, by the event loop's clock.
    """

    ms: float
    at: float


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
        self.proof = Proof(0.0, 0.0)

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
        """Kills the process, whatever it is doing, and waits for its end, but not for ever."""
        self.leave()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        end = asyncio.create_task(self._end())
        try:
            await asyncio.shield(end)
        except asyncio.CancelledError:
            # Nobody else will wait for a process that did not come up.
            await end
            raise

    async def _end(self) -> None:
        try:
            async with asyncio.timeout(_END_SECONDS):
                await self._process.wait()
        except TimeoutError:
            log.error("worker does not end", pid=self.pid, waited_s=_END_SECONDS)

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
