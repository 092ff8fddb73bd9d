"""SVG, rasterised only: the text of a source is never handed on to a browser."""

from __future__ import annotations

import re

import pyvips

from transforms.codec import Burden, Bytes, Codec, Load, as_source
from transforms.formats import Format

# librsvg takes 72 points for an inch and 96 pixels; this makes one unit one pixel.
_DPI = 96
_UNIT = 72 / 96
# Measured: an element with its styles takes up to 4 KB, paths and style sheets 80 times their text.
_BYTES_PER_ELEMENT = 4096
_BYTES_PER_BYTE = 80

# An optional declaration, comments and a document type, then the root element.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,300}\?>\s*)?"
    rb"(?:(?:<!--(?:[^-]|-(?!->)){0,3000}-->|<!DOCTYPE[^>\[]{0,600}(?:\[[^\]]{0,3000}\])?\s*>)\s*)*"
    rb"<(?:svg|[A-Za-z_][\w.-]{0,40}:svg)[\s>/]"
)


def _sniff(head: bytes) -> bool:
    return _ROOT.match(head) is not None


def _load(data: Bytes, how: Load) -> pyvips.Image:
    return pyvips.Image.svgload_source(
        as_source(data),
        dpi=_DPI,
        scale=_UNIT / how.shrink,
        access="sequential",
        fail_on="truncated",
    )


def _opening(data: Bytes) -> int:
    """The whole document is read for its size. What entities and pictures within it take is not
    seen from here: that is for the worker's own limit.
    """
    text = data[:]
    elements = text.count(b"<") - text.count(b"</")
    return max(elements * _BYTES_PER_ELEMENT, len(text) * _BYTES_PER_BYTE)


def _reduction(wanted: float) -> float:
    """Any size at all, larger ones too: drawing is sharper than scaling."""
    return wanted


def _burden(_data: Bytes, _header: pyvips.Image, _frames: int) -> Burden:
    """Drawn in the size that is wanted, whatever it says of itself; `opening` has the rest."""
    return Burden()


CODEC = Codec(
    format=Format.SVG,
    media_type="image/svg+xml",
    extension="svg",
    sniff=_sniff,
    operations=("VipsForeignLoadSvgSource",),
    load=_load,
    reduction=_reduction,
    opening=_opening,
    burden=_burden,
    vector=True,
    holds_alpha=True,
)
