"""Pictures reach the workers whole, and nobody can change them on the way."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.picture_file import PictureFile, PictureWriter, map_picture, sealed_picture


@given(st.lists(st.binary(max_size=5000), max_size=4))
def test_a_picture_arrives_as_it_was_written(chunks: list[bytes]) -> None:
    writer = PictureWriter()
    for chunk in chunks:
        writer.write(chunk)
    file = writer.finish()

    assert file.read() == b"".join(chunks)
    assert map_picture(file.fileno())[:] == b"".join(chunks)
    assert file.size == len(b"".join(chunks))


def test_a_file_in_memory_cannot_be_changed_by_who_has_it_open() -> None:
    file = sealed_picture(b"picture")

    with pytest.raises(PermissionError):
        os.pwrite(file.fileno(), b"forged!", 0)
    with pytest.raises(PermissionError):
        os.ftruncate(file.fileno(), 0)
    assert not file.changed


def test_a_local_file_that_changes_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"one")
    file = PictureFile(os.open(path, os.O_RDONLY), path.stat())
    before = file.changed

    path.write_bytes(b"another")

    assert (before, file.changed) == (False, True)


def test_no_descriptor_is_left() -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))

    file = sealed_picture(b"picture")
    unfinished = PictureWriter()
    during = len(os.listdir("/proc/self/fd"))
    del file, unfinished

    assert (during, len(os.listdir("/proc/self/fd"))) == (before + 2, before)
