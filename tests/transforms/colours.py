"""How far apart two pictures look, measured without any code of the service.

Pillow and Little CMS decode, turn and convert; CIEDE2000 after Sharma, Wu and Dalal (2005).
"""

from __future__ import annotations

import io
from typing import Any, NamedTuple

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps

Floats = NDArray[np.float64]
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175],
     [0.0193339, 0.119192, 0.9503041]]
)  # fmt: skip
_D65 = np.array([0.95047, 1.0, 1.08883])
_SRGB = ImageCms.createProfile("sRGB")
_POWER_7 = 25.0**7


class Difference(NamedTuple):
    """CIEDE2000 over all pixels."""

    median: float
    p95: float
    most: float


def difference(one: Image.Image, other: Image.Image) -> Difference:
    """Two pictures of equal size as seen on white."""
    assert one.size == other.size
    delta = ciede2000(lab(on_white(one)), lab(on_white(other)))
    return Difference(*(float(np.percentile(delta, share)) for share in (50, 95, 100)))


def on_white(image: Image.Image) -> Floats:
    """Channels in 0..1."""
    rgba = np.asarray(image.convert("RGBA"), np.float64) / 255
    alpha = rgba[..., 3:]
    shown: Floats = rgba[..., :3] * alpha + 1 - alpha
    return shown


def lab(srgb: Floats) -> Floats:
    """CIELAB (D65) of sRGB in 0..1."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _D65
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(f, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(one: Floats, other: Floats) -> Floats:
    (light_1, a_1, b_1), (light_2, a_2, b_2) = np.moveaxis(one, -1, 0), np.moveaxis(other, -1, 0)
    mean_7 = ((np.hypot(a_1, b_1) + np.hypot(a_2, b_2)) / 2) ** 7
    stretch = 1.5 - 0.5 * np.sqrt(mean_7 / (mean_7 + _POWER_7))
    chroma_1, chroma_2 = np.hypot(a_1 * stretch, b_1), np.hypot(a_2 * stretch, b_2)
    hue_1 = np.degrees(np.arctan2(b_1, a_1 * stretch)) % 360
    hue_2 = np.degrees(np.arctan2(b_2, a_2 * stretch)) % 360

    grey = chroma_1 * chroma_2 == 0
    turn = hue_2 - hue_1
    turn = np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))
    turn = np.where(grey, 0.0, turn)
    hue_step = 2 * np.sqrt(chroma_1 * chroma_2) * np.sin(np.radians(turn / 2))
    light, chroma = (light_1 + light_2) / 2, (chroma_1 + chroma_2) / 2
    total = hue_1 + hue_2
    far = np.abs(hue_1 - hue_2) > 180
    hue = np.where(far, np.where(total < 360, total + 360, total - 360), total) / 2
    hue = np.where(grey, total, hue)

    weight = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    off = (light - 50) ** 2
    by_light = (light_2 - light_1) / (1 + 0.015 * off / np.sqrt(20 + off))
    by_chroma = (chroma_2 - chroma_1) / (1 + 0.045 * chroma)
    by_hue = hue_step / (1 + 0.015 * chroma * weight)
    rotation = 60 * np.exp(-(((hue - 275) / 25) ** 2))
    share = 2 * np.sqrt(chroma**7 / (chroma**7 + _POWER_7))
    rotated = -np.sin(np.radians(rotation)) * share * by_chroma * by_hue
    result: Floats = np.sqrt(by_light**2 + by_chroma**2 + by_hue**2 + rotated)
    return result


def seen(data: bytes, *, at_least: int = 0) -> Image.Image:
    """The first frame as a browser would show it, upright, in sRGB with alpha.

    at_least: a large JPEG may be decoded smaller, but no side below this.
    """
    image: Image.Image = Image.open(io.BytesIO(data))
    if at_least:
        image.draft(None, (at_least, at_least))
    profile = image.info.get("icc_profile")
    image.load()
    image = ImageOps.exif_transpose(image)
    return _in_srgb(_eight_bits(image), profile)


def _eight_bits(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        deep = np.asarray(image, np.float64)
        return Image.fromarray(np.rint(deep / 257).astype(np.uint8))
    if image.mode in ("1", "P", "PA"):
        return image.convert("RGBA")
    return image


def _in_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    if image.mode == "CMYK" and not profile:
        profile = cmyk_profile()
    if not profile or not _fits(profile, image.mode):
        return image.convert("RGBA")
    alpha = image.getchannel("A") if image.mode in ("RGBA", "LA") else None
    colour = image.convert({"RGBA": "RGB", "LA": "L"}.get(image.mode, image.mode))
    converted = ImageCms.profileToProfile(
        colour,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        _SRGB,
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert converted is not None
    if alpha:
        converted.putalpha(alpha)
    return converted.convert("RGBA")


def _fits(profile: bytes, mode: str) -> bool:
    model = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L", "LA"), b"CMYK": ("CMYK",)}
    return mode in model.get(profile[16:20], ())


def cmyk_profile() -> bytes:
    """libvips' own, for CMYK that does not say which."""
    profile: Any = pyvips.Operation.call("profile_load", "cmyk")
    return bytes(profile)


def profile_model(profile: bytes) -> str:
    return {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}.get(profile[16:20], "other")
