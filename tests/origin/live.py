"""The whole application in this process, on real services, asked through httpx."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import numpy as np
from PIL import Image

from cache.pointers import Pointers
from origin.app import Application
from origin.caching import looking_at
from origin.rules import make_rules
from origin.services import Services
from origin.sources.router import Sources
from origin.sources.source import Source
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair
from signing.scheme import Scheme

PAIR = KeyPair(b"a key of the tests", b"a salt of the tests")
CHROME = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
SAFARI = "image/webp,image/avif;q=0,video/*;q=0.8,*/*;q=0.5"
HOST = "http://origin.test"


@dataclass(frozen=True)
class Origin:
    """An application, its folder of pictures, and the key that signs for it."""

    services: Services
    root: Path
    transport: httpx.ASGITransport = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(Application(self.services), raise_app_exceptions=False)
        object.__setattr__(self, "transport", transport)

    def having(self, **settings: Any) -> Origin:
        """The same with other settings."""
        changed = self.services.settings.model_copy(update=settings)
        return Origin(self.services.under(changed, make_rules(changed)), self.root)

    def reading(self, source: Source) -> Origin:
        """The same with another store behind `local:///`."""
        sources = Sources({"local": {"": source}})
        variants = self.services.variants
        variants = replace(
            variants,
            renderer=replace(variants.renderer, sources=sources),
            pointers=Pointers(looking_at(sources), ttl=1e6, negative_ttl=0, purges=variants.purges),
        )
        return Origin(replace(self.services, variants=variants), self.root)

    def trusting(self, scheme: Scheme) -> Origin:
        """The same with other keys."""
        rules = replace(self.services.rules, scheme=scheme)
        return Origin(replace(self.services, rules=rules), self.root)

    def without_workers(self) -> Origin:
        """The same, but any pixel work is an error that nobody foresaw."""
        variants = self.services.variants
        renderer = replace(variants.renderer, workers=None)  # type: ignore[arg-type]
        variants = replace(variants, renderer=renderer)
        return Origin(replace(self.services, variants=variants), self.root)

    def put(self, data: bytes, name: str = "") -> str:
        """Keeps a picture in the folder; the source reference that names it."""
        name = name or f"{uuid4().hex}.bin"
        part = self.root / f"{uuid4().hex}.part"
        part.write_bytes(data)
        part.replace(self.root / name)
        return f"local:///{name}"

    async def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        """Asks for the signed path, with no headers but these."""
        return await self.send("GET", signed(path), headers)

    async def head(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.send("HEAD", signed(path), headers)

    async def send(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
    ) -> httpx.Response:
        """Asks for the target as it is; httpx would add an Accept of its own."""
        request = httpx.Request(method, HOST + target, headers=headers)
        response = await self.transport.handle_async_request(request)
        await response.aread()
        return response


def signed(path: str, pair: KeyPair = PAIR) -> str:
    return ImgproxyScheme((pair,)).sign(path.encode()).decode()


def photo(width: int = 60, height: int = 40, *, kind: str = "JPEG", seed: int = 0) -> bytes:
    """Colours that run into each other, as in photographs; another `seed`, other colours."""
    across, down = np.linspace(0, 200, width), np.linspace(0, 200, height)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = across[None, :]
    pixels[..., 1] = down[:, None]
    pixels[..., 2] = 40 + seed % 200
    return _saved(pixels, kind)


def noise(side: int = 3000) -> bytes:
    """So much detail that encoding it as AVIF takes seconds."""
    pixels = np.random.default_rng(1).integers(0, 256, (side, side, 3), np.uint8)
    return _saved(pixels, "PNG", compress_level=0)


def kind_of(data: bytes) -> str:
    """What the bytes really are."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return str(image.format).lower()


def size_of(data: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(data)) as image:
        return image.size


async def until(condition: Callable[[], bool]) -> None:
    """Waits; a condition that never comes true ends in the test run's own timeout."""
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110  (of another process, which tells no event)
            await asyncio.sleep(0.02)


def cpu_ticks(pid: int) -> int:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def until_busy(pid: int) -> None:
    """Waits until the process is at work on something long."""
    before = cpu_ticks(pid)
    await until(lambda: cpu_ticks(pid) > before + os.sysconf("SC_CLK_TCK") // 5)


def _saved(pixels: np.ndarray[Any, Any], kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()
