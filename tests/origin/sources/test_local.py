"""Files: what may be read is decided by where a path really leads."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from origin.sources.errors import (
    SourceDenied,
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
)
from origin.sources.local import LocalFolder
from origin.sources.router import open_sources

MB = 1 << 20


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.jpg").write_bytes(b"inside")
    (tmp_path / "secret.jpg").write_bytes(b"outside")
    (tmp_path / "root-2").mkdir()
    (tmp_path / "root-2" / "secret.jpg").write_bytes(b"outside")
    return root


async def read(root: Path, key: str) -> bytes:
    return (await LocalFolder(root).fetch(key, max_bytes=MB)).data


@pytest.mark.parametrize("target", ["a.jpg", "./x/../a.jpg"])
async def test_a_link_that_stays_inside_is_followed(root: Path, target: str) -> None:
    (root / "x").mkdir()
    (root / "link.jpg").symlink_to(target)

    assert await read(root, "link.jpg") == b"inside"


@pytest.mark.parametrize("target", ["../secret.jpg", "/etc/hostname", "../root-2/secret.jpg"])
async def test_a_link_that_leads_out_is_refused(root: Path, target: str) -> None:
    (root / "link.jpg").symlink_to(target)

    with pytest.raises(SourceNotAllowed, match="SAFELIGHT_LOCAL_ROOT"):
        await read(root, "link.jpg")


async def test_a_folder_that_leads_out_is_refused(root: Path) -> None:
    (root / "folder").symlink_to("../root-2")

    with pytest.raises(SourceNotAllowed, match="SAFELIGHT_LOCAL_ROOT"):
        await read(root, "folder/secret.jpg")


@pytest.mark.parametrize("key", ["../secret.jpg", "../root-2/secret.jpg", "x/../../secret.jpg"])
async def test_a_path_that_climbs_out_is_refused_whoever_asks(root: Path, key: str) -> None:
    (root / "x").mkdir()

    with pytest.raises(SourceNotAllowed):
        await read(root, key)


async def test_an_absolute_path_is_refused_whoever_asks(root: Path, tmp_path: Path) -> None:
    with pytest.raises(SourceNotAllowed):
        await read(root, str(tmp_path / "secret.jpg"))


async def test_links_in_a_circle_are_not_found(root: Path) -> None:
    (root / "one.jpg").symlink_to("two.jpg")
    (root / "two.jpg").symlink_to("one.jpg")

    with pytest.raises(SourceNotFound):
        await read(root, "one.jpg")


async def test_a_link_to_nothing_is_not_found(root: Path) -> None:
    (root / "link.jpg").symlink_to("none.jpg")

    with pytest.raises(SourceNotFound):
        await read(root, "link.jpg")


async def test_a_fifo_neither_hangs_nor_reads(root: Path) -> None:
    os.mkfifo(root / "pipe.jpg")

    with pytest.raises(SourceNotFound, match="regular file"):
        await read(root, "pipe.jpg")


async def test_a_socket_is_not_found(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)  # socket paths are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket.jpg")

        with pytest.raises(SourceNotFound):
            await read(root, "socket.jpg")


@pytest.fixture
def unprivileged() -> Iterator[Path]:
    """A folder for whoever runs the tests, without root's right to read everything."""
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder) / "a.jpg"
        path.write_bytes(b"inside")
        path.chmod(0)
        if user == 0:
            os.seteuid(65534)
        try:
            yield Path(folder)
        finally:
            os.seteuid(user)


async def test_an_unreadable_file_is_denied_not_missing(unprivileged: Path) -> None:
    with pytest.raises(SourceDenied, match="Permission denied"):
        await read(unprivileged, "a.jpg")


async def test_a_root_that_is_a_link_may_be_switched(tmp_path: Path) -> None:
    for release in ("one", "two"):
        (tmp_path / release).mkdir()
        (tmp_path / release / "a.jpg").write_bytes(release.encode())
    current = tmp_path / "current"
    current.symlink_to("one")

    async with open_sources(local_root=current) as sources:
        before = await sources.fetch("local:///a.jpg", max_bytes=MB)
        current.unlink()
        current.symlink_to("two")
        after = await sources.fetch("local:///a.jpg", max_bytes=MB)

    assert (before.data, after.data) == (b"one", b"two")


class Interrupted(LocalFolder):
    """Something happens between the check of a path and its opening."""

    def __init__(self, root: Path, event: Callable[[], object]) -> None:
        super().__init__(root)
        self._event = event

    def _resolve(self, key: str) -> tuple[bytes, bytes]:
        resolved = super()._resolve(key)
        self._event()
        return resolved


async def test_a_folder_swapped_for_a_link_after_the_check_does_not_leak(root: Path) -> None:
    (root / "folder").mkdir()
    (root / "folder" / "secret.jpg").write_bytes(b"inside")

    def swap() -> None:
        (root / "folder").rename(root / "before")
        (root / "folder").symlink_to("../root-2")

    with pytest.raises(SourceNotAllowed):
        await Interrupted(root, swap).fetch("folder/secret.jpg", max_bytes=MB)


async def test_a_file_swapped_for_a_link_after_the_check_does_not_leak(root: Path) -> None:
    def swap() -> None:
        (root / "a.jpg").unlink()
        (root / "a.jpg").symlink_to("../secret.jpg")

    with pytest.raises(SourceError):
        await Interrupted(root, swap).fetch("a.jpg", max_bytes=MB)


async def test_a_file_that_grows_after_it_was_opened_has_changed(root: Path) -> None:
    blob = await LocalFolder(root).fetch("a.jpg", max_bytes=MB)
    before = blob.file.changed

    with (root / "a.jpg").open("ab") as file:
        file.write(b" and more")

    assert (before, blob.file.changed) == (False, True)


async def test_a_replaced_file_is_read_whole_in_its_old_or_new_version(root: Path) -> None:
    def replace() -> None:
        (root / "new").write_bytes(b"replaced")
        (root / "new").replace(root / "a.jpg")

    blob = await Interrupted(root, replace).fetch("a.jpg", max_bytes=MB)

    assert (blob.data, blob.version.size) == (b"replaced", 8)


async def test_copies_on_two_nodes_have_one_version(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.jpg").write_bytes(b"inside")
    for folder in (root, other):
        os.utime(folder / "a.jpg", ns=(0, 1_700_000_000_123_456_789))

    versions = [await LocalFolder(folder).stat("a.jpg") for folder in (root, other)]

    assert versions[0] == versions[1]


async def test_no_descriptor_stays_open(root: Path) -> None:
    (root / "link.jpg").symlink_to("../secret.jpg")
    await read(root, "a.jpg")
    before = set(os.listdir("/proc/self/fd"))

    for key in ["a.jpg", "none.jpg", "link.jpg", "../secret.jpg", "."] * 20:
        try:
            await read(root, key)
        except SourceError:
            continue

    assert set(os.listdir("/proc/self/fd")) <= before


@pytest.mark.parametrize("name", ["none", "a.jpg"])
async def test_a_root_that_is_no_folder_is_named_at_the_start(root: Path, name: str) -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_LOCAL_ROOT: expected a folder"):
        async with open_sources(local_root=root / name):
            pass


async def test_without_a_root_the_setting_is_named() -> None:
    async with open_sources() as sources:
        with pytest.raises(SourceNotAllowed, match="SAFELIGHT_LOCAL_ROOT is not set"):
            await sources.stat("local:///a.jpg")
