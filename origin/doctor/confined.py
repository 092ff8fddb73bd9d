"""A worker as the server would start it: what confines it, which formats it reads and writes."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from origin.doctor.finding import Finding, fail, ok, warn
from origin.errors import OriginError
from origin.picture_file import sealed_picture
from origin.sandbox import Confinement, missing, told
from origin.settings import Settings
from origin.workers import Workers, open_workers
from transforms.codec import Codec
from transforms.codecs import CODECS
from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import TransformError
from transforms.limits import Limits

# The smallest that every format is written for.
_SIDE: Final = 16
# 2 x 2 pixels of what is read but not written here.
_DRAWING: Final = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="2" height="2">'
    b'<rect width="2" height="2"/></svg>'
)
_BITMAP: Final = (
    struct.pack("<2sIHHI", b"BM", 70, 0, 0, 54)
    + struct.pack("<IiiHHIIiiII", 40, 2, 2, 1, 24, 0, 16, 0, 0, 0, 0)
    + bytes(16)
)
_SAMPLES: Final = {"svg": _DRAWING, "bmp": _BITMAP}
_FIXES: Final = {
    "limits": "allow the process to lower its own limits (setrlimit)",
    "no_new_privileges": "let the container's seccomp profile allow prctl and capset",
    "landlock": "use Linux 5.13 or later with CONFIG_SECURITY_LANDLOCK, and let the container's "
    "seccomp profile allow its calls",
    "seccomp": "use x86-64 or arm64 Linux, and let the container's profile allow seccomp(2)",
}


async def check_worker(settings: Settings) -> Sequence[Finding]:
    """WARN for each layer that this machine has not."""
    confinement = Confinement(settings.sandbox, settings.worker_mb)
    try:
        async with open_workers(1, Limits(svg=settings.svg), confinement=confinement) as workers:
            return [*_layers(workers), *await _codecs(workers, svg=settings.svg)]
    except OriginError as error:
        fix = "raise SAFELIGHT_WORKER_MB, or see what the worker itself says above"
        return [fail("worker", str(error), fix)]


def _layers(workers: Workers) -> list[Finding]:
    layers = workers.up[0].layers
    if gone := missing(layers):
        if all("SAFELIGHT_SANDBOX" in reason for reason in gone.values()):
            return [warn("sandbox", "switched off", "SAFELIGHT_SANDBOX=1")]
        return [
            warn("sandbox", f"no {name}: {reason}", _FIXES.get(name, "see docs/hostile.md"))
            for name, reason in gone.items()
        ]
    words = (f"{name} {word}" if word is not True else name for name, word in told(layers).items())
    return [ok("sandbox", ", ".join(words))]


async def _codecs(workers: Workers, *, svg: bool) -> list[Finding]:
    findings: list[Finding] = []
    both: list[str] = []
    read: list[str] = []
    for codec in CODECS.values():
        if codec.vector and not svg:
            continue
        try:
            await _turn(workers, codec)
        except (TransformError, OriginError, ValueError) as error:
            fix = "use the libvips of pyvips-binary"
            findings.append(fail("codecs", f"{codec.format} does not work: {error}", fix))
        else:
            (both if codec.save else read).append(str(codec.format))
    words = [(both, "read and written"), (read, "read")]
    found = "; ".join(f"{', '.join(names)} {what}" for names, what in words if names)
    if found:
        findings.insert(0, ok("codecs", found))
    return findings


async def _turn(workers: Workers, codec: Codec) -> None:
    """Into the format, if it is written, and back; ValueError if something else came of it."""
    data = _SAMPLES.get(codec.extension, _BITMAP)
    if codec.save is not None:
        data = await _made(workers, data, codec.extension)
    if codec.load is not None:
        await _made(workers, data, "png")


async def _made(workers: Workers, data: bytes, extension: str) -> bytes:
    path = f"/rs:force:{_SIDE}:{_SIDE}/el:1/plain/doctor@{extension}"
    encoded = await workers.render(Imgproxy().parse(path.encode()), sealed_picture(data), {})
    got = (encoded.width, encoded.height, encoded.extension)
    if got != (_SIDE, _SIDE, extension):
        raise ValueError(f"expected {_SIDE} x {_SIDE} pixels as {extension}, got {got}")
    return encoded.data
