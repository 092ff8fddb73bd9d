"""ICC profiles made on the spot: three primaries and a curve, or a curve for grey.

header (128 bytes), count, tags (name, offset, size), their data; all big-endian
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

from tests.transforms.colours import Floats

_D50 = (0.9642, 1.0, 0.8249)
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
_D65 = (0.3127, 0.3290)
_SRGB = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))


def rgb(
    primaries: Sequence[tuple[float, float]], gamma: float, white: tuple[float, float]
) -> bytes:
    columns = _columns(primaries, white)
    tags = {
        f"{channel}XYZ".encode(): _xyz(column)
        for channel, column in zip("rgb", columns.T, strict=True)
    }
    tags |= {f"{channel}TRC".encode(): _curve(gamma) for channel in "rgb"}
    return _profile(b"RGB ", tags)


def grey(gamma: float) -> bytes:
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def _columns(primaries: Sequence[tuple[float, float]], white: tuple[float, float]) -> Floats:
    """XYZ of the primaries at full strength, adapted to D50 as profiles have it."""
    points = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    source = np.array([white[0] / white[1], 1.0, (1 - sum(white)) / white[1]])
    strengths = np.linalg.solve(points, source)
    gains = (_BRADFORD @ np.array(_D50)) / (_BRADFORD @ source)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD
    columns: Floats = adaptation @ (points * strengths)
    return columns


def _xyz(values: Sequence[float] | Floats) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(one * 65536)) for one in values)


def _curve(gamma: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def _profile(model: bytes, curves: Mapping[bytes, bytes]) -> bytes:
    # The description lies: nothing but what a profile does may count.
    name = b"sRGB IEC61966-2.1\0"
    described = b"desc\0\0\0\0" + struct.pack(">I", len(name)) + name + bytes(78)
    tags = {b"desc": described, b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(_D50), **curves}
    table, body, start = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", start + len(body), len(data))
        body += data
    header = struct.pack(">I", start + len(body)) + bytes(4) + b"\2\x10\0\0mntr" + model + b"XYZ "
    header += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(24) + bytes(4)
    header += b"".join(struct.pack(">i", round(one * 65536)) for one in _D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


ADOBE = rgb(((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 2.2, _D65)
DISPLAY_P3 = rgb(((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), 2.2, _D65)
PROPHOTO = rgb(((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)), 1.8, (0.3457, 0.3585))
REC2020 = rgb(((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)), 2.2, _D65)
# The first channel is shown green, the second blue, the third red.
ROTATED = rgb((_SRGB[1], _SRGB[2], _SRGB[0]), 2.2, _D65)
