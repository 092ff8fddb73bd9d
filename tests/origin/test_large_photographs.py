"""The largest pictures that telephones take pass as they come, in a worker as it is confined."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path

import pytest
import pyvips

from origin.picture_file import sealed_picture
from origin.settings import Settings
from origin.workers import Workers, open_workers
from tests.jpegs import written
from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import LimitExceeded, UnsupportedSource
from transforms.limits import Limits
from transforms.plan import Plan

WIDTH, HEIGHT = 12_000, 9_000
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>'


def plan(options: str) -> Plan:
    return Imgproxy().parse(f"/{options}/plain/local:///x".encode())


@pytest.fixture
async def workers() -> AsyncIterator[Workers]:
    async with open_workers(1, Limits()) as opened:
        yield opened


def photograph() -> bytes:
    tile = (
        pyvips.Image.gaussnoise(600, 600, sigma=20, mean=128)
        .gaussblur(2)
        .cast("uchar")
        .copy_memory()
    )
    whole = tile.bandjoin(tile).bandjoin(tile).replicate(WIDTH // 600, HEIGHT // 600)
    return whole.copy(interpretation="srgb").jpegsave_buffer(Q=60)


def most_resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


async def test_108_megapixels_pass(workers: Workers) -> None:
    result = await workers.render(plan("w:400/f:webp"), sealed_picture(photograph()), {})

    assert (result.width, result.height) == (400, 300)
    assert most_resident_mb(workers.pids[0]) < 300


async def test_108_progressive_megapixels_pass(workers: Workers) -> None:
    picture = sealed_picture(written(WIDTH, HEIGHT, scans=10))

    result = await workers.render(plan("w:400/f:webp"), picture, {})

    assert (result.source_width, result.width) == (WIDTH, 400)
    # All coefficients are held: three bytes for a pixel.
    assert 320 < most_resident_mb(workers.pids[0]) < 600


async def test_a_worker_holds_jobs_to_its_limits() -> None:
    tight = Limits(max_decode_mb=300, svg=False)

    async with open_workers(1, tight) as workers:
        with pytest.raises(LimitExceeded, match=r"309 MB .* 300 \(SAFELIGHT_MAX_DECODE_MB\)"):
            await workers.render(plan("w:9"), sealed_picture(written(WIDTH, HEIGHT)), {})
        with pytest.raises(UnsupportedSource, match="SAFELIGHT_SVG"):
            await workers.render(plan("w:9/f:png"), sealed_picture(DRAWING), {})


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_what_is_not_set_is_what_the_code_has(name: str) -> None:
    assert Settings.model_fields[name].default == getattr(Limits(), name)
