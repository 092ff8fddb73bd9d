"""Small pictures made on the spot, and the plan-and-run call that most tests begin with."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from transforms.dialects.imgproxy import Imgproxy
from transforms.encode import Encoded
from transforms.limits import Limits
from transforms.pipeline import run
from transforms.plan import Plan

Pixels = NDArray[np.uint8]
RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
# Clockwise from the top left.
CORNERS = (RED, GREEN, YELLOW, BLUE)


def planned(url: str) -> Plan:
    """`rs:fit:10:10@png`: options and a format, as a plan on some source."""
    options, _, extension = url.partition("@")
    middle = f"/{options}/" if options else "/"
    path = f"{middle}plain/local:///x" + (f"@{extension}" if extension else "")
    return Imgproxy(security_options=True).parse(path.encode())


def made(
    url: str,
    data: bytes,
    *,
    assets: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
    offers: Sequence[Any] = (),
) -> Encoded:
    """What the pipeline makes of these options."""
    plan = planned(url)
    if offers:
        plan = plan.offering(tuple(offers))
    return run(plan, data, assets=assets, limits=limits or Limits())


def opened(result: Encoded | bytes) -> Image.Image:
    image = Image.open(io.BytesIO(result if isinstance(result, bytes) else result.data))
    image.load()
    return image


def pixels(result: Encoded | bytes, mode: str = "RGB") -> NDArray[np.int64]:
    """Rows of pixels, signed so that differences do not wrap."""
    return np.asarray(opened(result).convert(mode)).astype(np.int64)


def saved(image: Image.Image | NDArray[Any], kind: str = "png", **options: Any) -> bytes:
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    if kind == "jpeg":
        options = {"quality": 95, "subsampling": 0, **options}
    if kind == "webp":
        options = {"lossless": True, "exact": True, **options}
    if kind == "avif":
        options = {"quality": 95, "subsampling": "4:4:4", **options}
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def sheet(width: int, height: int, colour: Sequence[int]) -> Pixels:
    return np.full((height, width, len(colour)), colour, np.uint8)


def quadrants(width: int = 48, height: int = 32, *, corners: Sequence[Any] = CORNERS) -> Pixels:
    """Four colours, clockwise from the top left."""
    picture = sheet(width, height, corners[0])
    picture[: height // 2, width // 2 :] = corners[1]
    picture[height // 2 :, width // 2 :] = corners[2]
    picture[height // 2 :, : width // 2] = corners[3]
    return picture


def gradient(width: int = 64, height: int = 48) -> Pixels:
    """Smooth in both directions, every channel different."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    x, y = x / max(1, width - 1), y / max(1, height - 1)
    channels = (40 + 180 * x, 30 + 190 * y, 220 - 160 * (x + y) / 2)
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def scene(width: int = 256, height: int = 192, *, seed: int = 1) -> Pixels:
    """Like a photograph: soft shapes, some edges, a little texture."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (7, 9, 3), np.uint8)
    soft = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    picture = np.asarray(soft).astype(np.float64)
    y, x = np.mgrid[0:height, 0:width]
    picture[(x - width / 3) ** 2 + (y - height / 2) ** 2 < (height / 5) ** 2] *= 0.4
    picture += random.normal(0, 3, picture.shape)
    return picture.clip(0, 255).astype(np.uint8)


def chart(side: int = 16) -> Pixels:
    """Patches of 5 x 5 x 5 colours, in 25 columns."""
    levels = np.array([16, 70, 128, 190, 240], np.uint8)
    patches = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1)
    rows = patches.reshape(5, 25, 3)
    return rows.repeat(side, axis=0).repeat(side, axis=1)


def soft_disc(size: int = 64, colour: Sequence[int] = RED) -> Pixels:
    """Opaque in the middle, fading out; transparent pixels are black underneath."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    alpha = (1.5 - np.hypot(x, y) / (size / 2) * 1.5).clip(0, 1)
    picture = np.zeros((size, size, 4), np.uint8)
    picture[alpha > 0, :3] = colour
    picture[..., 3] = (alpha * 255).round()
    return picture


def with_opacity(picture: Pixels, opacity: int = 255) -> Pixels:
    return np.dstack([picture, np.full(picture.shape[:2], opacity, np.uint8)])


def oriented(picture: Pixels, orientation: int, kind: str) -> bytes:
    """Stored as it is, with an EXIF orientation (in AVIF: as irot and imir)."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(picture, kind, exif=exif.tobytes())


def animation(
    frames: Sequence[Image.Image | NDArray[Any]],
    kind: str = "gif",
    *,
    delays: Sequence[int] = (100,),
    loop: int | None = 0,
    **options: Any,
) -> bytes:
    """delays in milliseconds."""
    first, *rest = [one if isinstance(one, Image.Image) else Image.fromarray(one) for one in frames]
    durations = [delays[place % len(delays)] for place in range(len(frames))]
    if kind == "webp":
        options = {"lossless": True, **options}
    if loop is not None:
        options["loop"] = loop
    out = io.BytesIO()
    first.save(out, kind, save_all=True, append_images=rest, duration=durations, **options)
    return out.getvalue()


def close(one: Any, other: Any, within: float = 3) -> bool:
    """Whether a pixel is a colour, nearly; or all of several are."""
    return bool(np.abs(np.asarray(one, np.int64) - np.asarray(other)).max() <= within)


def deep(levels: Any, kind: str = "png", *, profile: bytes = b"", **options: Any) -> bytes:
    """Saved with 16 bits per channel; `levels` are rows of pixels in 0..1."""
    values = (np.asarray(levels, np.float64).clip(0, 1) * 65535).round().astype(np.uint16)
    height, width, bands = values.shape
    image = pyvips.Image.new_from_memory(values.tobytes(), width, height, bands, "ushort")
    image = image.copy(interpretation="grey16" if bands < 3 else "rgb16")
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)  # type: ignore[arg-type]
    loader = {"avif": "heif"}.get(kind, kind)
    if kind == "avif":
        options = {"compression": "av1", "bitdepth": 12, "Q": 95, **options}
    saved: Any = pyvips.Operation.call(f"{loader}save_buffer", image, **options)
    return bytes(saved)


def levels(result: Encoded | bytes) -> NDArray[np.float64]:
    """Rows of pixels in 0..1, of a file that may be deeper than Pillow reads."""
    data = result if isinstance(result, bytes) else result.data
    loader = {b"\x89PNG": "png", b"II*\0": "tiff", b"\xff\xd8\xff\xe0": "jpeg"}.get(
        data[:4], "heif"
    )
    image: Any = pyvips.Operation.call(f"{loader}load_buffer", data)
    full = 65535 if image.format == "ushort" else 255
    rows: NDArray[np.float64] = image.numpy().astype(np.float64) / full
    return rows if rows.ndim == 3 else rows[..., None]


def depth(result: Encoded | bytes) -> int:
    """Different values in the first channel: more than 256 only if it is deeper than 8 bits."""
    return len(np.unique((levels(result)[..., 0] * 65535).round()))
