from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.metadata import blobs
from transforms.metadata import iptc

RIGHTS = b"".join(
    [
        blobs.dataset(1, 90, b"\x1b%G"),
        blobs.dataset(2, 80, b"By Line"),
        blobs.dataset(2, 110, b"Credit Agency"),
        blobs.dataset(2, 116, blobs.COPYRIGHT),
    ]
)


def test_byline_credit_and_copyright_stay_with_their_character_set() -> None:
    assert iptc.copyright_only(blobs.DATASETS) == RIGHTS


def test_the_wrapping_of_photoshop_is_kept_and_its_other_resources_go() -> None:
    expected = b"Photoshop 3.0\0" + blobs.resource(0x0404, RIGHTS)

    assert iptc.copyright_only(blobs.PHOTOSHOP) == expected
    assert iptc.wrapped(RIGHTS) == expected
    assert iptc.wrapped(expected) == expected


def test_previews_and_other_resources_go_where_metadata_is_kept() -> None:
    kept = iptc.without_previews(blobs.PHOTOSHOP)

    assert kept is not None
    assert b"SecretCity" in kept
    assert b"PREVIEW" not in kept
    assert b"THUMBNAIL" not in kept
    assert blobs.coordinates() not in kept


def test_a_cut_dataset_ends_the_reading_but_not_what_was_read() -> None:
    whole = blobs.dataset(2, 80, b"By Line")

    assert iptc.copyright_only(whole + blobs.dataset(2, 116, b"cut off")[:-1]) == whole


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"nonsense",
        b"Photoshop 3.0\0",
        b"Photoshop 3.0\x008BIM",
        b"Photoshop 3.0\x008BIM\x04\x04\xff",
        b"Photoshop 3.0\x008BIM\x04\x04\0\0\xff\xff\xff\xff",
        struct.pack(">BBBH", 0x1C, 2, 80, 0x8004) + b"\xff\xff\xff\xff",
        blobs.dataset(2, 90, b"SecretCity"),
        blobs.dataset(2, 80, b"x" * 0x7000) * 3,
    ],
)
def test_nothing_comes_of_what_is_broken_too_large_or_about_other_things(blob: bytes) -> None:
    assert iptc.copyright_only(blob) is None


@given(st.data())
def test_mutated_blobs_raise_nothing(data: st.DataObject) -> None:
    blob = bytearray(data.draw(st.sampled_from([blobs.PHOTOSHOP, blobs.DATASETS])))
    for _ in range(data.draw(st.integers(1, 8))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))

    iptc.copyright_only(bytes(blob))
    iptc.without_previews(bytes(blob))
