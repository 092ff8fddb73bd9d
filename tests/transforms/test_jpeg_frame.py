"""What a JPEG's markers say of the work in it, seen as a decoder sees it."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.jpegs import FULL, GREY, HALVED, segment, written
from tests.pictures import made, saved, scene
from transforms.codecs.jpeg_frame import MOST_COUNTED, MOST_SEGMENTS, count_scans, read_frame
from transforms.errors import BrokenSource

SCANS_LIKE = b"\xff\xda\0\x02" * 50 + b"\xff\xd9"


@pytest.mark.parametrize(
    ("sampling", "samples"),
    [
        (GREY, 1.0),
        (FULL, 3.0),
        (HALVED, 1.5),
        (((2, 1), (1, 1), (1, 1)), 2.0),
        (((4, 1), (1, 1), (1, 1)), 1.5),
        (((1, 1),) * 4, 4.0),
    ],
)
def test_coefficients_take_two_bytes_for_each_sample(
    sampling: tuple[tuple[int, int], ...], samples: float
) -> None:
    frame = read_frame(written(1600, 1280, sampling=sampling))

    assert (frame.width, frame.height) == (1600, 1280)
    assert frame.coefficient_bytes == 1600 * 1280 * samples * 2


def test_sides_count_in_whole_blocks() -> None:
    frame = read_frame(written(17, 1, sampling=HALVED))

    assert frame.coefficient_bytes == 2 * (32 * 16 + 2 * 16 * 8)


@pytest.mark.parametrize("scans", [1, 2, 4, 57])
def test_all_scans_are_counted(scans: int) -> None:
    data = written(64, 48, scans=scans)

    assert count_scans(data) == scans
    assert made("@png", data).width == 64


def test_a_common_encoder_makes_ten() -> None:
    data = saved(scene(), "jpeg", progressive=True, subsampling=2)

    assert count_scans(data) == 10
    assert read_frame(data).sampling == HALVED


@pytest.mark.parametrize("place", ["before", "between"])
def test_what_looks_like_scans_in_metadata_is_not_counted(place: str) -> None:
    comment = segment(0xFE, SCANS_LIKE)

    assert count_scans(written(64, 48, **{place: comment})) == 4  # type: ignore[arg-type]


def test_what_follows_the_picture_is_not_counted() -> None:
    assert count_scans(written(64, 48) + written(64, 48, scans=90)) == 4


@pytest.mark.parametrize(
    "between",
    [b"\xff" * 9, b"\0\1\2", b"\xff\xd0\xff\xd1", b"\xff\1", b"\xff\2\xff\xff", b"\xff\0"],
    ids=["fill", "rubbish", "restarts", "tem", "reserved", "stuffed"],
)
def test_what_stands_between_scans_hides_none(between: bytes) -> None:
    assert count_scans(written(64, 48, scans=7, between=between)) == 7


def test_thousands_of_scans_are_not_counted_to_the_end() -> None:
    assert count_scans(written(64, 48, scans=5000)) == MOST_COUNTED + 1


def test_endless_segments_are_not_walked_to_the_end() -> None:
    data = b"\xff\xd8" + b"\xff\xfe\0\2" * (MOST_SEGMENTS + 1)

    with pytest.raises(BrokenSource, match=str(MOST_SEGMENTS)):
        count_scans(data)


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff\xd9", written(64, 48)[:75], b"\xff\xd8\xff\xda\0\2"]
)
def test_a_picture_without_a_frame_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenSource, match="frame"):
        read_frame(data)


@given(st.binary(max_size=300), st.integers(0, 200))
def test_any_bytes_are_counted_or_broken(junk: bytes, cut: int) -> None:
    data = written(64, 48)[:cut] + junk

    scans = count_scans(data)
    with suppress(BrokenSource):
        read_frame(data)

    assert 0 <= scans <= len(data)
