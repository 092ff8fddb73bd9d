"""BMP without a BMP library: the header read with struct, the pixels turned by libvips.

    "BM", file size, 4 unused bytes, offset of the pixels
    header      its size first: 12 (core), 40 (info), 52, 56 (masks), 108 (V4), 124 (V5)
    masks       after a 40-byte header that announces them
    palette     3 (core) or 4 bytes a colour, blue first
    rows        each filled up to 4 bytes, the bottom row first unless the height is negative

Sizes are checked against the bytes at hand before libvips sees them. Compressed files are refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import pyvips

_FILE_HEADER = 14
_CORE, _INFO = 12, 40
_HEADERS = frozenset({_CORE, _INFO, 52, 56, 108, 124})
_PLAIN, _BITFIELDS, _ALPHA_BITFIELDS = 0, 3, 6
_COMPRESSIONS = {1: "RLE8", 2: "RLE4", 4: "JPEG", 5: "PNG"}
_DEFAULT_MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
_PLAIN_ALPHA = 0xFF000000
_MAX_SIDE = 10_000_000


class BmpError(ValueError):
    """The bytes are no BMP, are too few, or use what is not supported."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a BMP keeps what, checked against its length; `masks` are red, green, blue, alpha.

    bare: there is nothing in the file besides.
    """

    width: int
    height: int
    bits: int
    upside_down: bool
    offset: int
    palette: bytes
    masks: tuple[int, int, int, int]
    bare: bool

    @property
    def stride(self) -> int:
        return (self.width * self.bits + 31) // 32 * 4

    @property
    def has_alpha(self) -> bool:
        return self.masks[3] != 0


def probe(data: bytes) -> tuple[int, int, bool]:
    """Width, height and whether there is an alpha channel; no pixel is decoded."""
    layout = _layout(data)
    return layout.width, layout.height, layout.has_alpha


def is_bare(data: bytes) -> bool:
    """False if something may be hidden before, between or behind what is shown."""
    return _layout(data).bare


def decode(data: bytes) -> pyvips.Image:
    """The picture as 8-bit sRGB, with alpha if it has one; rows are turned when asked for."""
    layout = _layout(data)
    end = layout.offset + layout.stride * layout.height
    rows = pyvips.Image.new_from_memory(
        data[layout.offset : end], layout.stride, layout.height, 1, "uchar"
    )
    if layout.bits <= 8:
        picture = _from_palette(rows, layout)
    elif layout.bits == 24:
        picture = _from_masks(_pixels(rows, layout), (0xFF0000, 0xFF00, 0xFF, 0))
    else:
        picture = _from_masks(_pixels(rows, layout), layout.masks)
    return (picture.flipver() if layout.upside_down else picture).copy(interpretation="srgb")


def _layout(data: bytes) -> Layout:
    if data[:2] != b"BM" or len(data) < _FILE_HEADER + _CORE:
        raise BmpError("expected a BMP header")
    offset, size = struct.unpack_from("<II", data, 10)
    if size not in _HEADERS:
        raise BmpError(f"header size: expected one of {sorted(_HEADERS)} but received {size}")
    if len(data) < _FILE_HEADER + size:
        raise BmpError(f"header: expected {_FILE_HEADER + size} bytes but received {len(data)}")
    if size == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        compression = colours = 0
    else:
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        (colours,) = struct.unpack_from("<I", data, 46)
    _check(width, height, bits, compression)

    masks, after = _masks(data, size, bits, compression)
    entry = 3 if size == _CORE else 4
    palette = _palette(data, after, bits, colours, entry)
    pixels = after + (_colours(bits, colours) * entry if palette else 0)
    needed = offset + (width * bits + 31) // 32 * 4 * abs(height)
    bare = (offset, len(data)) == (pixels, needed)
    layout = Layout(width, abs(height), bits, height > 0, offset, palette, masks, bare)
    if offset < after or needed > len(data):
        raise BmpError(f"pixels: expected bytes {offset}..{needed} but received {len(data)}")
    return layout


def _check(width: int, height: int, bits: int, compression: int) -> None:
    if not (0 < width <= _MAX_SIDE and 0 < abs(height) <= _MAX_SIDE):
        raise BmpError(f"size: expected sides of 1..{_MAX_SIDE} but received {width} x {height}")
    if bits not in (1, 4, 8, 16, 24, 32):
        raise BmpError(f"depth: expected 1, 4, 8, 16, 24 or 32 bits but received {bits}")
    allowed = (_PLAIN, _BITFIELDS, _ALPHA_BITFIELDS) if bits in (16, 32) else (_PLAIN,)
    if compression not in allowed:
        name = _COMPRESSIONS.get(compression, f"number {compression} at {bits} bits")
        raise BmpError(f"compression: expected none but received {name}")


def _masks(
    data: bytes, size: int, bits: int, compression: int
) -> tuple[tuple[int, int, int, int], int]:
    """The masks of red, green, blue and alpha, and where the header ends with them."""
    after = _FILE_HEADER + size
    if bits not in _DEFAULT_MASKS:
        return (0, 0, 0, 0), after
    red, green, blue, alpha = _DEFAULT_MASKS[bits]
    count = 4 if size >= 56 or compression == _ALPHA_BITFIELDS else 3
    if compression != _PLAIN:
        # Larger headers have the masks where they follow the smallest, at byte 40 of the header.
        after = max(after, _FILE_HEADER + _INFO + 4 * count)
        if after > len(data):
            raise BmpError(f"masks: expected {after} bytes but received {len(data)}")
        red, green, blue, *rest = struct.unpack_from(f"<{count}I", data, _FILE_HEADER + _INFO)
        alpha = rest[0] if rest else 0
    elif bits == 32 and size >= 108:
        # Masks of plain pixels are often left unset; this one is only ever set on purpose.
        (said,) = struct.unpack_from("<I", data, _FILE_HEADER + _INFO + 12)
        alpha = said if said == _PLAIN_ALPHA else 0
    for name, mask in (("red", red), ("green", green), ("blue", blue), ("alpha", alpha)):
        _check_mask(name, mask, bits)
    return (red, green, blue, alpha), after


def _check_mask(name: str, mask: int, bits: int) -> None:
    run = mask >> _lowest(mask)
    if (not mask and name != "alpha") or run & (run + 1) or mask >> bits:
        raise BmpError(f"{name} mask: expected one run of {bits} bits but received {mask:#x}")


def _palette(data: bytes, at: int, bits: int, colours: int, width: int) -> bytes:
    """256 colours, blue first, black where the file says nothing; empty for deep pixels."""
    if bits > 8:
        return b""
    count = _colours(bits, colours)
    table = data[at : at + count * width]
    if len(table) < count * width:
        raise BmpError(f"palette: expected {count * width} bytes but received {len(table)}")
    triples = b"".join(table[i : i + 3] for i in range(0, len(table), width))
    return triples.ljust(256 * 3, b"\0")


def _colours(bits: int, said: int) -> int:
    return min(said or 1 << bits, 1 << bits)


def _from_palette(rows: pyvips.Image, layout: Layout) -> pyvips.Image:
    per_byte = 8 // layout.bits
    if per_byte > 1:
        mask = (1 << layout.bits) - 1
        shifts = range(8 - layout.bits, -1, -layout.bits)
        parts = [(rows >> shift) & mask for shift in shifts]
        rows = _joined(parts).bandunfold(factor=per_byte)
    indices = rows.extract_area(0, 0, layout.width, layout.height)
    blue_first = pyvips.Image.new_from_memory(layout.palette, 256, 1, 3, "uchar")
    return indices.maplut(_joined([blue_first[2], blue_first[1], blue_first[0]]))


def _pixels(rows: pyvips.Image, layout: Layout) -> pyvips.Image:
    """The bytes of each pixel as bands, lowest first."""
    count = layout.bits // 8
    return rows.extract_area(0, 0, layout.width * count, layout.height).bandfold(factor=count)


def _from_masks(pixels: pyvips.Image, masks: tuple[int, int, int, int]) -> pyvips.Image:
    channels = [_channel(pixels, mask) for mask in masks if mask]
    return _joined(channels)


def _channel(pixels: pyvips.Image, mask: int) -> pyvips.Image:
    shift = _lowest(mask)
    if mask >> shift == 0xFF and shift % 8 == 0:
        return pixels[shift // 8]
    # Shifting before masking keeps the constants small: libvips takes them as signed integers.
    value = pixels[0].cast("uint")
    for band in range(1, pixels.bands):
        value |= pixels[band].cast("uint") << 8 * band
    highest = mask.bit_length() - shift
    surplus = max(0, highest - 8)
    peak = (1 << highest - surplus) - 1
    index = ((value >> shift + surplus) & peak).cast("uchar")
    scale = bytes((v * 255 + peak // 2) // peak for v in range(peak + 1))
    return index.maplut(pyvips.Image.new_from_memory(scale, len(scale), 1, 1, "uchar"))


def _joined(bands: list[pyvips.Image]) -> pyvips.Image:
    rest: list[pyvips.Image | int | float] = [*bands[1:]]
    return bands[0].bandjoin(rest)


def _lowest(mask: int) -> int:
    """The position of the lowest set bit; 0 for no bits."""
    return max(0, (mask & -mask).bit_length() - 1)
