"""From the many colour spaces that files hold to the few that effects and encoders expect.

The working space is sRGB or its grey, 8 bits deep unless depth is to be kept. Pixels are carried
over through the profile that the file embeds, so what was seen stays what is seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyvips

PROFILE = "icc-profile-data"
_DEEP = ("rgb16", "grey16", "ushort", "labs", "scrgb", "lab", "xyz")
_GREY = ("b-w", "grey16")
_PLAIN = ("srgb", "b-w", "rgb16", "grey16")


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
        if self.keep_profile and image.interpretation in _PLAIN and has_profile(image):
            return _plain(image, _name(grey, deep))
        if has_profile(image) or image.interpretation == "cmyk":
            image = _through_profile(image, deep)
        return without_profile(_plain(image, _name(grey, deep)))


def has_profile(image: pyvips.Image) -> bool:
    return image.get_typeof(PROFILE) != 0


def without_profile(image: pyvips.Image) -> pyvips.Image:
    if not has_profile(image):
        return image
    image = image.copy()
    image.remove(PROFILE)
    return image


def is_srgb_profile(image: pyvips.Image) -> bool:
    """True if the profile says sRGB, so that converting through it would change nothing."""
    profile = image.get(PROFILE)
    if not isinstance(profile, bytes):
        return False
    description = profile[: 1 << 16].replace(b"\0", b"").lower()
    return any(name in description for name in (b"srgb iec61966-2", b"srgb built-in", b"c2ci"))


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
        return image.icc_transform(
            "srgb",
            embedded=True,
            # For CMYK that does not say which; RGB and grey count as sRGB then.
            input_profile="cmyk" if image.interpretation == "cmyk" else "srgb",
            intent="relative",
            black_point_compensation=True,
            depth=16 if deep else 8,
        )
    except pyvips.Error:
        # A profile that does not fit its pixels says nothing.
        return without_profile(image)


def _four_bands_at_most(image: pyvips.Image) -> pyvips.Image:
    """Drops bands that are neither colour nor opacity (TIFF may hold any number)."""
    most = {"b-w": 2, "grey16": 2, "cmyk": 5}.get(str(image.interpretation), 4)
    if image.interpretation == "multiband":
        image = image.copy(interpretation="b-w" if image.bands < 3 else "srgb")
    return image if image.bands <= most else image.extract_band(0, n=most)
