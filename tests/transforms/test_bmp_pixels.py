from __future__ import annotations

import gc
import io
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from transforms.codecs.bmp_pixels import BmpError, decode, probe

CORPUS = Path(__file__).parents[2] / "../shared/corpus"
SIZES = [(1, 1), (3, 2), (8, 3), (13, 7), (33, 2)]
RGB565 = (0xF800, 0x07E0, 0x001F)
XRGB = (0xFF0000, 0xFF00, 0xFF)
ARGB = (*XRGB, 0xFF000000)
RGBA = (0xFF000000, 0xFF0000, 0xFF00, 0xFF)


def noise(count: int, seed: int = 1) -> bytes:
    return Random(seed).randbytes(count)


def bmp(
    width: int,
    height: int,
    bits: int,
    *,
    header: int = 40,
    compression: int = 0,
    masks: Sequence[int] = (),
    colours: int = 0,
    pixels: bytes | None = None,
) -> bytes:
    """A BMP of noise; a negative height means that the top row comes first."""
    stride = (width * bits + 31) // 32 * 4
    rows = noise(stride * abs(height)) if pixels is None else pixels
    if header == 12:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHI", header, width, height, 1, bits, compression)
        head += struct.pack("<IIIII", len(rows), 2835, 2835, colours, 0)
        head += struct.pack(f"<{len(masks)}I", *masks)
        head = head.ljust(header, b"\0")
    if bits <= 8:
        head += noise((colours or 1 << bits) * (3 if header == 12 else 4), seed=2)
    offset = 14 + len(head)
    return b"BM" + struct.pack("<IHHI", offset + len(rows), 0, 0, offset) + head + rows


def differences(data: bytes) -> Iterator[int]:
    """How far each channel of each pixel is from what Pillow reads."""
    width, height, has_alpha = probe(data)
    ours = decode(data)
    theirs = Image.open(io.BytesIO(data)).convert("RGBA" if has_alpha else "RGB")

    assert (ours.width, ours.height) == (width, height) == theirs.size
    assert (ours.bands, ours.format, ours.interpretation) == (3 + has_alpha, "uchar", "srgb")
    pairs = zip(bytes(ours.write_to_memory()), theirs.tobytes(), strict=True)
    return (abs(a - b) for a, b in pairs)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
@pytest.mark.parametrize("size", SIZES)
def test_what_pillow_writes_is_read(mode: str, size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.frombytes("RGB", size, noise(size[0] * size[1] * 3)).convert(mode).save(out, "BMP")

    assert max(differences(out.getvalue())) == 0


@pytest.mark.parametrize("upside_down", [True, False])
@pytest.mark.parametrize("bits", [1, 4, 8, 24, 32])
@pytest.mark.parametrize("size", SIZES)
def test_every_depth_is_read_in_both_directions(
    size: tuple[int, int], bits: int, upside_down: bool
) -> None:
    width, height = size

    assert max(differences(bmp(width, height if upside_down else -height, bits))) == 0


@pytest.mark.parametrize("bits", [1, 4, 8, 24])
@pytest.mark.parametrize("size", SIZES)
def test_the_oldest_header_is_read(size: tuple[int, int], bits: int) -> None:
    assert max(differences(bmp(*size, bits, header=12))) == 0


@pytest.mark.parametrize(("compression", "masks"), [(0, ()), (3, RGB565)])
@pytest.mark.parametrize("size", SIZES)
def test_16_bits_are_read(size: tuple[int, int], compression: int, masks: tuple[int, ...]) -> None:
    # Pillow rounds five bits down, we to the nearest.
    assert max(differences(bmp(*size, 16, compression=compression, masks=masks))) <= 1


@pytest.mark.parametrize("header", [40, 52])
def test_32_bits_without_an_alpha_mask_are_opaque(header: int) -> None:
    data = bmp(5, 3, 32, header=header, compression=3, masks=XRGB)

    assert probe(data) == (5, 3, False)
    assert decode(data).bands == 3


@pytest.mark.parametrize("masks", [ARGB, RGBA])
@pytest.mark.parametrize("header", [56, 108, 124])
def test_32_bits_with_an_alpha_mask_have_alpha(header: int, masks: tuple[int, ...]) -> None:
    data = bmp(5, 3, 32, header=header, compression=3, masks=masks)

    assert probe(data) == (5, 3, True)
    assert max(differences(data)) == 0


def test_plain_32_bits_have_alpha_only_if_a_late_header_says_so() -> None:
    pixel = bytes((1, 2, 3, 4))

    late = bmp(1, 1, 32, header=124, masks=ARGB, pixels=pixel)
    unset = bmp(1, 1, 32, header=124, pixels=pixel)
    early = bmp(1, 1, 32, header=56, masks=ARGB, pixels=pixel)

    assert decode(late)(0, 0) == [3, 2, 1, 4]
    assert decode(unset)(0, 0) == decode(early)(0, 0) == [3, 2, 1]


def test_masks_of_any_width_are_scaled_to_eight_bits() -> None:
    deep = (0x3FF00000, 0x000FFC00, 0x000003FF)
    low = (0x0F00, 0x00F0, 0x000F, 0xF000)

    ten = bmp(1, 1, 32, compression=3, masks=deep, pixels=struct.pack("<I", 1023 << 20 | 512))
    four = bmp(1, 1, 16, compression=6, masks=low, pixels=struct.pack("<I", 0x8F01))

    assert decode(ten)(0, 0) == [255, 0, 128]
    assert decode(four)(0, 0) == [255, 0, 17, 136]


def test_a_colour_beyond_the_palette_is_black() -> None:
    data = bmp(2, 1, 8, colours=3, pixels=bytes((2, 200, 0, 0)))

    assert decode(data)(1, 0) == [0, 0, 0]
    assert decode(data)(0, 0) == list(noise(12, seed=2)[8:11][::-1])


@pytest.mark.parametrize(
    ("number", "bits", "name"),
    [(1, 8, "RLE8"), (2, 4, "RLE4"), (4, 24, "JPEG"), (5, 24, "PNG"), (11, 32, "number 11")],
)
def test_compressed_pixels_are_refused_by_name(number: int, bits: int, name: str) -> None:
    with pytest.raises(BmpError, match=f"compression: expected none but received {name}"):
        decode(bmp(4, 4, bits, compression=number))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "BMP header"),
        (b"PNG" + bytes(60), "BMP header"),
        (b"BM" + bytes(60), "header size: expected one of"),
        (bmp(4, 4, 24)[:40], "header: expected 54 bytes but received 40"),
        (bmp(4, 4, 24)[:-1], "pixels: expected bytes 54..102 but received 101"),
        (bmp(4, 4, 2, pixels=bytes(99)), "depth"),
        (bmp(0, 4, 24), "size"),
        (bmp(4, -(2**31), 24, pixels=b""), "size"),
        (bmp(2**31 - 1, 2**31 - 1, 1, pixels=b""), "size"),
        (bmp(9_999_999, 9_999_999, 1, pixels=b""), "pixels"),
        (bmp(4, 4, 8, colours=256)[:200], "palette: expected 1024 bytes"),
        (bmp(4, 4, 16, compression=3, masks=(0xF0F0, 0, 0)), "red mask"),
        (bmp(4, 4, 16, compression=3, masks=(0xF80000, 1, 2)), "red mask"),
    ],
)
def test_errors_say_what_was_expected_and_what_came(data: bytes, says: str) -> None:
    with pytest.raises(BmpError, match=says):
        probe(data)
    with pytest.raises(BmpError, match=says):
        decode(data)


def test_pixels_that_would_lie_in_the_header_are_refused() -> None:
    data = bytearray(bmp(4, 4, 24))
    data[10:14] = struct.pack("<I", 14)

    with pytest.raises(BmpError, match="pixels: expected"):
        decode(bytes(data))


def test_an_image_outlives_the_bytes_it_came_from() -> None:
    images = [decode(bmp(64, 64, 24, pixels=bytes((n,)) * 64 * 64 * 3)) for n in range(40)]
    gc.collect()
    rubble = [bytes((255,)) * 64 * 64 * 3 for _ in range(80)]

    assert [image.avg() for image in images] == list(range(40))
    assert len(rubble) == 80


@given(st.data())
def test_mutated_files_decode_or_raise_the_one_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from([(1, 0), (4, 0), (8, 0), (16, 3), (24, 0), (32, 3)]))
    masks = {16: RGB565, 32: ARGB}.get(kind[0], ())
    header = data.draw(st.sampled_from([40, 56, 108]))
    blob = bytearray(bmp(9, 5, kind[0], header=header, compression=kind[1], masks=masks))
    for _ in range(data.draw(st.integers(1, 8))):
        blob[data.draw(st.integers(0, min(len(blob) - 1, 80)))] = data.draw(st.integers(0, 255))
    hostile = bytes(
        blob[: data.draw(st.integers(0, len(blob)))] if data.draw(st.booleans()) else blob
    )

    try:
        width, height, has_alpha = probe(hostile)
        image = decode(hostile)
    except BmpError:
        return
    assert (image.width, image.height, image.bands) == (width, height, 3 + has_alpha)
    assert len(image.write_to_memory()) == width * height * image.bands


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not here")
def test_a_real_bmp_is_read() -> None:
    assert max(differences((CORPUS / "formats/bmp-24bit.bmp").read_bytes())) == 0
