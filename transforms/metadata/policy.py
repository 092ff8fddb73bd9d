"""What an image may say about itself when it is saved.

libvips writes EXIF from the `exif-ifd…` fields and drops every tag of `exif-data` that has no such
field; setting `exif-data` makes it spell those fields out anew. So old fields go first and a new
block is set last. Savers write an EXIF block even for an image that has none, hence `keep`.

What savers can carry: JPEG EXIF, XMP, IPTC; PNG, WebP and AVIF EXIF and XMP; TIFF XMP; GIF nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyvips

from transforms.metadata import exif, iptc, xmp

EXIF, XMP, IPTC, ICC = "exif-data", "xmp-data", "iptc-data", "icc-profile-data"
_KEEP = {EXIF: 1, XMP: 2, IPTC: 4}
_KEEP_PROFILE, _KEEP_OTHER = 8, 16

# Fields that steer the savers and are not about the picture's owner.
_TECHNICAL = frozenset(
    {
        ICC,
        *("page-height", "n-pages", "delay", "gif-delay", "loop", "gif-loop"),
        *("gif-palette", "background", "palette", "palette-bit-depth", "bits-per-sample"),
        *("vips-loader", "vips-sequential", "jpeg-chroma-subsample", "jpeg-multiscan"),
    }
)
_DPI_72 = 72 / 25.4
_RAW_PROFILE = ("raw profile type", "xml:com.adobe.xmp")


@dataclass(frozen=True, slots=True)
class MetadataPolicy:
    """What a saved picture keeps of its metadata, and whether it keeps its colour profile."""

    strip: bool = True
    keep_copyright: bool = True
    strip_profile: bool = True


def apply(image: pyvips.Image, policy: MetadataPolicy, *, kind: str | None = None) -> pyvips.Image:
    """A copy that carries just what the policy allows; the pixels must be upright already.

    The profile stays: it is needed until the pixels are converted. Naming "tiff" as the `kind` of
    file to be saved lets rights that it could not carry as EXIF survive as XMP.
    """
    kept = _rights(image) if policy.strip and policy.keep_copyright else {}
    if policy.strip:
        result = image.copy(xres=_DPI_72, yres=_DPI_72)
        removed = [name for name in result.get_fields() if name not in _TECHNICAL]
    else:
        kept = _placeless(image)
        result = image.copy()
        removed = [name for name in result.get_fields() if _is_private(image, name)]
    for name in removed:
        result.remove(name)
    for name, blob in _fitted(kept, kind).items():
        # The stub of pyvips forgets blobs.
        result.set_type(pyvips.GValue.blob_type, name, blob)  # type: ignore[arg-type]
    return result


def keep(image: pyvips.Image, policy: MetadataPolicy) -> int:
    """The savers' `keep` flags for an image that `apply` returned."""
    flags = sum(flag for name, flag in _KEEP.items() if image.get_typeof(name))
    if not policy.strip:
        flags |= _KEEP_OTHER
    return flags if policy.strip_profile else flags | _KEEP_PROFILE


def _rights(image: pyvips.Image) -> dict[str, bytes]:
    copyright, artist = exif.copyright_of(_blob(image, EXIF))
    found = {
        EXIF: exif.minimal(copyright=copyright, artist=artist),
        XMP: xmp.copyright_only(_blob(image, XMP)),
        IPTC: iptc.copyright_only(_blob(image, IPTC)),
    }
    return {name: blob for name, blob in found.items() if blob}


def _placeless(image: pyvips.Image) -> dict[str, bytes]:
    found = {
        EXIF: exif.without_gps(_blob(image, EXIF)),
        XMP: xmp.without_gps(_blob(image, XMP)),
        IPTC: iptc.without_previews(_blob(image, IPTC)),
    }
    return {name: blob for name, blob in found.items() if blob}


def _fitted(blobs: Mapping[str, bytes], kind: str | None) -> dict[str, bytes]:
    fitted = dict(blobs)
    if kind == "tiff":
        # libvips counts IPTC in words where libtiff counts bytes: three quarters would be cut off.
        fitted.pop(IPTC, None)
        if EXIF in fitted and XMP not in fitted:
            copyright, artist = exif.copyright_of(fitted[EXIF])
            fitted[XMP] = xmp.from_text(copyright=copyright, artist=artist) or b""
    elif IPTC in fitted:
        fitted[IPTC] = iptc.wrapped(fitted[IPTC])
    return {name: blob for name, blob in fitted.items() if blob}


def _is_private(image: pyvips.Image, name: str) -> bool:
    """Whether a field holds a place, a second picture, or something no one here can read."""
    if name in _TECHNICAL:
        return False
    if name.startswith(("exif-", "gainmap-", "heif-")) or name == "orientation":
        return True
    title = name.removeprefix("png-comment-").lstrip("0123456789").removeprefix("-")
    if xmp.names_a_place(title) or title.casefold().startswith(_RAW_PROFILE):
        return True
    return image.get_typeof(name) == pyvips.GValue.blob_type


def _blob(image: pyvips.Image, name: str) -> bytes:
    blob = image.get(name) if image.get_typeof(name) else b""
    return blob if isinstance(blob, bytes) else b""
