"""From the many colour spaces that files hold to the few that effects and encoders expect.

The working space is sRGB or its grey, 8 bits deep unless depth is to be kept. Pixels are carried
over through the profile that the file embeds, so what was seen stays what is seen.
"""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass

import pyvips

PROFILE = "icc-profile-data"
_DEEP = ("rgb16", "grey16", "ushort", "labs", "scrgb", "lab", "xyz")
_GREY = ("b-w", "grey16")
_PLAIN = ("srgb", "b-w", "rgb16", "grey16")
# What the header of a profile says it is for -> the pixels that it fits.
_MODELS = {b"RGB ": ("srgb", "rgb16", "rgb"), b"GRAY": _GREY, b"CMYK": ("cmyk",)}

# Copies of sRGB come out within one level, the nearest other profiles nine levels apart.
_SAME = 2.0
_LEVELS = (0, 20, 64, 128, 200, 255)
# Copies of sRGB are small; a large profile is converted through without a look.
_MAX_KNOWN = 1 << 14


@dataclass(frozen=True, slots=True)
class WorkingSpace:
    """keep_profile: leave RGB and grey pixels and their profile as they are.
    deep: keep more than 8 bits where the source has them.
    """

    keep_profile: bool = False
    deep: bool = False

    def convert(self, image: pyvips.Image) -> pyvips.Image:
        """The image in the working space; does nothing to an image that is there already."""
        image = _four_bands_at_most(image)
        grey = image.interpretation in _GREY
        deep = self.deep and (image.format in ("ushort", "float") or image.interpretation in _DEEP)
        fits = profile_fits(image)
        if self.keep_profile and image.interpretation in _PLAIN and fits:
            return _plain(image, _name(grey, deep))
        if fits or image.interpretation == "cmyk":
            image = _through_profile(image, deep)
        return without_profile(_plain(image, _name(grey, deep)))


def has_profile(image: pyvips.Image) -> bool:
    return image.get_typeof(PROFILE) != 0


def profile_fits(image: pyvips.Image) -> bool:
    """True if there is a profile and it is one for such pixels; another one says nothing."""
    return image.interpretation in _MODELS.get(_profile(image)[16:20], ())


def without_profile(image: pyvips.Image) -> pyvips.Image:
    if not has_profile(image):
        return image
    image = image.copy()
    image.remove(PROFILE)
    return image


def looks_srgb(image: pyvips.Image) -> bool:
    """True if a viewer that knows no profiles shows the pixels as they are meant."""
    if image.interpretation not in _PLAIN:
        return False
    return not profile_fits(image) or is_srgb_profile(image)


def is_srgb_profile(image: pyvips.Image) -> bool:
    """True if converting through the profile would change nothing, whatever its name is."""
    profile = _profile(image)
    return len(profile) <= _MAX_KNOWN and _changes_nothing(profile)


@functools.lru_cache(maxsize=64)
def _changes_nothing(profile: bytes) -> bool:
    if profile[16:20] == b"GRAY":
        chart = pyvips.Image.new_from_memory(bytes(range(256)), 256, 1, 1, "uchar")
        chart = chart.copy(interpretation="b-w")
    else:
        colours = bytes(itertools.chain(*itertools.product(_LEVELS, repeat=3)))
        chart = pyvips.Image.new_from_memory(colours, len(colours) // 3, 1, 3, "uchar")
        chart = chart.copy(interpretation="srgb")
    # The stub of pyvips forgets blobs.
    chart.set_type(pyvips.GValue.blob_type, PROFILE, profile)  # type: ignore[arg-type]
    try:
        shown = _transformed(chart, deep=False)
        far = shown.subtract(chart.colourspace("srgb")).abs() > _SAME
        return far.max() == 0
    except pyvips.Error:
        return False


def _profile(image: pyvips.Image) -> bytes:
    profile = image.get(PROFILE) if has_profile(image) else b""
    return profile if isinstance(profile, bytes) else b""


def _name(grey: bool, deep: bool) -> str:
    if grey:
        return "grey16" if deep else "b-w"
    return "rgb16" if deep else "srgb"


def _plain(image: pyvips.Image, space: str) -> pyvips.Image:
    return image if image.interpretation == space else image.colourspace(space)


def _through_profile(image: pyvips.Image, deep: bool) -> pyvips.Image:
    if image.interpretation != "cmyk" and is_srgb_profile(image):
        return image
    try:
        return _transformed(image, deep=deep)
    except pyvips.Error:
        # A profile that cannot be read says nothing; CMYK then is what libvips takes it for.
        return without_profile(image)


def _transformed(image: pyvips.Image, *, deep: bool) -> pyvips.Image:
    return image.icc_transform(
        "srgb",
        embedded=True,
        # For CMYK that does not say which; RGB and grey count as sRGB then.
        input_profile="cmyk" if image.interpretation == "cmyk" else "srgb",
        intent="relative",
        black_point_compensation=True,
        depth=16 if deep else 8,
    )


def _four_bands_at_most(image: pyvips.Image) -> pyvips.Image:
    """Drops bands that are neither colour nor opacity (TIFF may hold any number)."""
    most = {"b-w": 2, "grey16": 2, "cmyk": 5}.get(str(image.interpretation), 4)
    if image.interpretation == "multiband":
        image = image.copy(interpretation="b-w" if image.bands < 3 else "srgb")
    return image if image.bands <= most else image.extract_band(0, n=most)
