from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from tests.transforms.metadata import blobs
from transforms.metadata import exif

ORDERS = ("<", ">")


def read_by_pillow(blob: bytes) -> Image.Exif:
    found = Image.Exif()
    found.load(blob)
    return found


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_orientation_is_read_in_both_byte_orders(order: str, turn: int) -> None:
    assert exif.orientation(blobs.camera_exif(order, orientation=turn)) == turn


@pytest.mark.parametrize("turn", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(turn: int) -> None:
    assert exif.orientation(blobs.camera_exif(orientation=turn)) == 1


def test_the_prefix_may_be_missing() -> None:
    bare = blobs.camera_exif(orientation=6).removeprefix(b"Exif\0\0")

    assert exif.orientation(bare) == 6
    assert exif.copyright_of(bare) == (blobs.COPYRIGHT, blobs.ARTIST)


@pytest.mark.parametrize("order", ORDERS)
def test_copyright_and_artist_are_read(order: str) -> None:
    assert exif.copyright_of(blobs.camera_exif(order)) == (blobs.COPYRIGHT, blobs.ARTIST)


def test_a_text_of_spaces_says_nothing() -> None:
    blob = exif.minimal(copyright=b"    ", artist=b"A\0B\0")

    assert blob is not None
    assert exif.copyright_of(blob) == (None, b"A\0B")


def test_a_minimal_block_says_what_it_was_told_and_no_more() -> None:
    blob = exif.minimal(orientation=6, copyright=b"(c) X", artist=b"Y")

    assert blob is not None
    assert dict(read_by_pillow(blob)) == {0x0112: 6, 0x013B: "Y", 0x8298: "(c) X"}


def test_there_is_no_block_without_anything_to_say() -> None:
    assert exif.minimal(orientation=1, copyright=None, artist=None) is None
    assert exif.minimal(orientation=99, copyright=b"", artist=b"x" * 100_000) is None


@pytest.mark.parametrize("order", ORDERS)
def test_without_gps_keeps_the_rest_and_turns_upright(order: str) -> None:
    blob = exif.without_gps(blobs.camera_exif(order, orientation=6))

    assert blob is not None
    found = read_by_pillow(blob)
    assert found[0x0112] == 1
    assert found[0x0131] == blobs.EDITOR.decode()
    assert found.get_ifd(0x8769)[0xA431] == blobs.SERIAL.decode()
    assert found.get_ifd(0xA005) == {1: "R98"}
    assert not found.get_ifd(0x8825)
    assert exif.copyright_of(blob) == (blobs.COPYRIGHT, blobs.ARTIST)


@pytest.mark.parametrize("order", ORDERS)
def test_without_gps_leaves_no_byte_of_the_place_thumbnail_or_maker_note(order: str) -> None:
    source = blobs.camera_exif(order)
    assert blobs.coordinates(order) in source

    blob = exif.without_gps(source)

    assert blob is not None
    assert blobs.coordinates(order) not in blob
    assert b"THUMBNAIL" not in blob
    assert blobs.MAKER_NOTE not in blob


def test_without_gps_leaves_nothing_of_a_block_that_is_only_gps() -> None:
    gps = blobs.directory("<", [(2, blobs.RATIONAL, blobs.coordinates())], 26)
    top = blobs.directory("<", [(0x8825, blobs.LONG, struct.pack("<I", 26))], 8)

    assert exif.without_gps(b"II*\0" + struct.pack("<I", 8) + top + gps) is None


def test_a_directory_that_points_to_itself_is_read_once() -> None:
    loop: list[blobs.Row] = [(0x8769, blobs.LONG, struct.pack("<I", 8))]
    blob = b"II*\0" + struct.pack("<I", 8) + blobs.directory("<", loop, 8, 8)

    assert exif.orientation(blob) == 1
    assert exif.without_gps(blob) is None


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"Exif\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8298, 2, 0xFFFFFFFF, 0) + b"\0\0\0\0",
        b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 0x8298, 2, 40, 0xFFFFFFF0) + b"\0\0\0\0",
    ],
)
def test_what_lies_out_of_range_is_absent(blob: bytes) -> None:
    assert exif.orientation(blob) == 1
    assert exif.copyright_of(blob) == (None, None)
    assert exif.without_gps(blob) is None


def test_overlapping_values_cannot_multiply_a_block() -> None:
    count = 500
    rows = b"".join(struct.pack("<HHII", 0xE000 + i, 7, 5000, 8) for i in range(count))
    blob = b"II*\0\x08\0\0\0" + struct.pack("<H", count) + rows + b"\0\0\0\0"

    assert exif.without_gps(blob) is None


@given(st.data())
def test_mutated_blocks_raise_nothing_and_grow_little(data: st.DataObject) -> None:
    blob = bytearray(blobs.camera_exif(data.draw(st.sampled_from(ORDERS))))
    for _ in range(data.draw(st.integers(1, 12))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    hostile = bytes(blob[: data.draw(st.integers(0, len(blob)))])

    assert 1 <= exif.orientation(hostile) <= 8
    exif.copyright_of(hostile)
    assert len(exif.without_gps(hostile) or b"") <= 4 * len(hostile) + 64
