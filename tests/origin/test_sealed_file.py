"""Pictures reach the workers whole, and nobody can change them on the way."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sealed_file import read_sealed, sealed_file, write_sealed


@given(st.lists(st.binary(max_size=5000), min_size=1, max_size=4))
def test_pictures_arrive_as_they_were_written(pictures: list[bytes]) -> None:
    file = write_sealed(pictures)
    try:
        found = read_sealed(file, [len(picture) for picture in pictures])
    finally:
        os.close(file)

    assert [picture[:] for picture in found] == pictures


def test_a_file_cannot_be_changed_by_who_has_it_open() -> None:
    file = write_sealed([b"picture"])
    try:
        with pytest.raises(PermissionError):
            os.pwrite(file, b"forged!", 0)
        with pytest.raises(PermissionError):
            os.ftruncate(file, 0)
    finally:
        os.close(file)


def test_a_file_that_is_too_short_is_noticed() -> None:
    file = write_sealed([b"12345"])
    try:
        with pytest.raises(EOFError):
            read_sealed(file, [6])
    finally:
        os.close(file)


@pytest.mark.parametrize("size", [10, 9 << 20])
async def test_no_descriptor_is_left(size: int) -> None:
    before = len(os.listdir("/proc/self/fd"))

    async with sealed_file([bytes(size), b"mark"]) as file:
        assert os.fstat(file).st_size == size + 4

    assert len(os.listdir("/proc/self/fd")) == before
