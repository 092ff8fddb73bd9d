"""A worker's first pictures, before it is given anybody's: one that cannot render never joins."""

from __future__ import annotations

import asyncio
from typing import Final

from origin.errors import WorkerCrashed
from origin.picture_file import sealed_picture
from origin.wire import Job, pack_job, unpack_answer
from origin.worker_link import Proof, WorkerLink
from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import TransformError
from transforms.limits import Limits

# Each is made of the one before, so that the decoders have their turn as well. AVIF has threads
# and more system calls than the others; the last two are what any client can be given.
_CHAIN: Final = ("webp", "avif", "jpg", "png")
_SIDE: Final = 16
_MOST_BYTES: Final = 1 << 16
# 2 x 2 black pixels.
_SOURCE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a73"
    "0000000b4944415408996360400600000e0001b19aea060000000049454e44ae426082"
)


async def prove(worker: WorkerLink) -> Proof:
    """WorkerCrashed says which picture it could not make, or not well. Bounded by its caller."""
    clock = asyncio.get_running_loop().time
    start, data = clock(), _SOURCE
    for extension in _CHAIN:
        try:
            data = await _made(worker, data, extension)
        except (TransformError, EOFError, OSError, ValueError, KeyError, TypeError) as error:
            raise WorkerCrashed(
                f"it could not make its first {extension}: {type(error).__name__}: {error}"
            ) from error
    return Proof((clock() - start) * 1000, clock())


async def _made(worker: WorkerLink, data: bytes, extension: str) -> bytes:
    answer: asyncio.Future[tuple[bytes, bytes]] = asyncio.get_running_loop().create_future()

    def answered(_worker: WorkerLink, header: bytes, body: bytes) -> None:
        answer.set_result((header, body))

    def ended(worker: WorkerLink) -> None:
        worker.leave()
        if not answer.done():
            answer.set_exception(EOFError("it died of it, or answered nonsense"))

    worker.listen(most_bytes=_MOST_BYTES, answered=answered, ended=ended)
    plan = Imgproxy().parse(f"/rs:force:{_SIDE}:{_SIDE}/el:1/plain/proof@{extension}".encode())
    source = sealed_picture(data)
    if not worker.send(pack_job(Job(plan, Limits(), ())), [source.fileno()]):
        raise EOFError("it took no job")
    encoded = unpack_answer(*await answer).encoded
    if (encoded.width, encoded.height, encoded.extension) != (_SIDE, _SIDE, extension):
        raise ValueError(
            f"expected {_SIDE} x {_SIDE} pixels as {extension}, got {encoded.width} x"
            f" {encoded.height} as {encoded.extension}"
        )
    return encoded.data
