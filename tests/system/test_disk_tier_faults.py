"""The disk tier: full, read-only, deleted, spoiled. No client notices, and it is used again."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.server import wait
from tests.system.tiers import Gallery, counts, files, mounted, results
from tests.system.tiers import gallery as gallery


def test_a_disk_that_others_have_filled_is_read_and_costs_no_answer(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder, kept, new = tmp_path / "small", results(40), results(41)
    with (
        mounted(folder, "-t", "tmpfs", "-o", "size=8m"),
        gallery.serving(tmp_path, CACHE_DISK_DIR=folder / "cache") as server,
    ):
        gallery.wait_for_hits(server, "disk", kept)

        fill(folder / "filler")
        full = [gallery.ask(server, [*kept, *new]) for _ in range(2)]
        suffered = counts(server, "disk")
        (folder / "filler").unlink()
        gallery.wait_for_hits(server, "disk", [*kept, *new])

    assert [each.tiers for each in full] == [{"disk": 20, "none": 20}] * 2
    assert suffered["failed"] >= 5
    assert suffered["stored"] == 20


def test_a_disk_smaller_than_the_tier_may_be_is_never_filled(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder, paths = tmp_path / "small", results(90, first=100, count=150)
    with (
        mounted(folder, "-t", "tmpfs", "-o", "size=2m"),
        gallery.serving(tmp_path, CACHE_DISK_DIR=folder / "cache", CACHE_DISK_MB=64) as server,
    ):
        gallery.ask(server, paths)
        wait(lambda: counts(server, "disk")["stored"] == 150)
        suffered, free = counts(server, "disk"), shutil.disk_usage(folder).free

    assert sum(len(gallery.right[path][2]) for path in paths) > 2 << 20
    assert suffered["failed"] == suffered["timeout"] == suffered["corrupt"] == 0
    assert free > 0


def test_a_disk_that_became_read_only_is_read_and_costs_no_answer(
    gallery: Gallery, tmp_path: Path
) -> None:
    folder, kept, new = tmp_path / "cache", results(44), results(45)
    folder.mkdir()
    with gallery.serving(tmp_path, CACHE_DISK_DIR=folder) as server:
        gallery.wait_for_hits(server, "disk", kept)

        # On top of itself: files that are open for writing would forbid it in place.
        with mounted(folder, "--bind", "-o", "ro", what=folder):
            read_only = [gallery.ask(server, [*kept, *new]) for _ in range(2)]
            suffered = counts(server, "disk")
        gallery.wait_for_hits(server, "disk", [*kept, *new])

    assert [each.tiers for each in read_only] == [{"disk": 20, "none": 20}] * 2
    assert suffered["failed"] >= 5
    assert suffered["stored"] == 20


def test_a_folder_that_is_deleted_is_made_again(gallery: Gallery, tmp_path: Path) -> None:
    folder, paths = tmp_path / "cache", results(46)
    with gallery.serving(tmp_path, CACHE_DISK_DIR=folder) as server:
        gallery.wait_for_hits(server, "disk", paths)

        shutil.rmtree(folder)
        first = gallery.ask(server, paths)
        gallery.wait_for_hits(server, "disk", paths)
        suffered = counts(server, "disk")

    assert first.tiers == {"none": 20}
    assert suffered["failed"] == 0
    assert len(files(folder)) == 20


@pytest.mark.parametrize("restarted", [False, True], ids=["meanwhile", "between two runs"])
def test_files_that_were_spoiled_are_never_served_and_made_again(
    gallery: Gallery, tmp_path: Path, *, restarted: bool
) -> None:
    folder, paths = tmp_path / "cache", results(48)
    with gallery.serving(tmp_path / "one", CACHE_DISK_DIR=folder) as server:
        gallery.wait_for_hits(server, "disk", paths)
        whole = {file: file.read_bytes() for file in files(folder)}
        if not restarted:
            spoil(whole)
            first = gallery.ask(server, paths)
            gallery.wait_for_hits(server, "disk", paths)
            suffered = counts(server, "disk")
    if restarted:
        spoil(whole)
        with gallery.serving(tmp_path / "two", CACHE_DISK_DIR=folder) as server:
            first = gallery.ask(server, paths)
            gallery.wait_for_hits(server, "disk", paths)
            suffered = counts(server, "disk")

    assert first.tiers == {"none": 20}
    # An empty file, or none, is no result that went bad.
    assert suffered["corrupt"] == 16
    assert suffered["failed"] == 0
    assert len(files(folder)) == 20


def fill(path: Path) -> None:
    """To the last block of the file system."""
    block = bytes(4096)
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(block)


def spoil(whole: dict[Path, bytes]) -> None:
    """Each file in one of several ways."""
    others = [*whole.values()][1:] + [*whole.values()][:1]
    for number, ((file, data), other) in enumerate(zip(whole.items(), others, strict=True)):
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        ways = (b"", b"junk", flipped, data[:-1], other)
        file.write_bytes(ways[number % len(ways)])
