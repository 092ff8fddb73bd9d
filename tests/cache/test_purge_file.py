"""Purges on disk: what was written survives, whatever happened while the rest was."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cache.purge_file import PurgeFile
from cache.purges import Purge, Purges

SOME = [
    Purge("source", "local:///cat.jpg", 1_767_225_600_000),
    Purge("prefix", "s3://shop/summer/", 1_767_225_600_001),
    Purge("tag", "cats", 1_767_225_600_002),
    Purge("source", 'local:///é\n"\udcff.jpg', 1_767_225_600_003),
]
NEW = Purge("source", "local:///new.jpg", 1_767_225_700_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "disk" / "purges.log"


def content(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


async def loaded(path: Path) -> Purges:
    """As after a restart."""
    purges = Purges()
    await PurgeFile(path).load(purges)
    return purges


def known(purges: Purges) -> set[Purge]:
    return set(purges.all())


def applied(*expected: Purge) -> set[Purge]:
    purges = Purges()
    for purge in expected:
        purges.apply(purge)
    return known(purges)


async def test_purges_survive_a_restart(path: Path) -> None:
    file = PurgeFile(path)
    await file.append(*SOME[:2])
    await file.append(*SOME[2:])

    assert known(await loaded(path)) == applied(*SOME)


async def test_before_the_first_purge_there_is_no_file(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert known(await loaded(path)) == set()
    assert caplog.text == ""


async def test_a_process_that_dies_while_it_writes_costs_one_line(path: Path) -> None:
    await PurgeFile(path).append(*SOME)
    whole = content(path)
    ends = [number for number, byte in enumerate(whole) if byte == ord("\n")]

    for length in range(len(whole) + 1):
        write(path, whole[:length])
        survivors = SOME[: sum(length >= end for end in ends)]
        assert known(await loaded(path)) == applied(*survivors)

        await PurgeFile(path).append(NEW)
        assert known(await loaded(path)) == applied(*survivors, NEW)


@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x00\xff\xfe",
        b"null",
        b"[]",
        b"[" * 100_000,
        b"9" * 10_000,
        b'{"scope":"source","name":"a"}',
        b'{"scope":"bucket","name":"a","at":1}',
        b'{"scope":["source"],"name":"a","at":1}',
        b'{"scope":"source","name":1,"at":1}',
        b'{"scope":"source","name":"a","at":"1"}',
        b'{"scope":"source","name":"a","at":1.5}',
        b'{"scope":"source","name":"a","at":true}',
    ],
)
async def test_lines_that_are_no_purges_are_skipped(
    path: Path, caplog: pytest.LogCaptureFixture, junk: bytes
) -> None:
    await PurgeFile(path).append(*SOME)
    lines = content(path).splitlines()
    write(path, b"\n".join([*lines[:2], junk, *lines[2:], b""]))

    assert known(await loaded(path)) == applied(*SOME)
    assert "skipped 1 lines" in caplog.text


async def test_the_file_is_written_anew_when_most_lines_have_become_pointless(path: Path) -> None:
    file = PurgeFile(path, spare_lines=10)
    await file.append(*SOME)
    for at in range(1, 101):
        await file.append(Purge("tag", "dogs", at))

        assert len(content(path).splitlines()) <= 2 * (len(SOME) + 1) + 10

    assert known(await loaded(path)) == applied(*SOME, Purge("tag", "dogs", 100))
    assert [other.name for other in path.parent.iterdir()] == [path.name]


async def test_lines_from_before_a_restart_count(path: Path) -> None:
    await PurgeFile(path).append(*(Purge("tag", "dogs", at) for at in range(1, 101)))

    file = PurgeFile(path, spare_lines=10)
    await file.load(Purges())
    await file.append(NEW)

    assert len(content(path).splitlines()) == 2


async def test_a_process_that_dies_while_it_writes_anew_costs_nothing(path: Path) -> None:
    file = PurgeFile(path, spare_lines=0)
    await file.append(*SOME)
    path.with_name("purges.log.new").write_bytes(b'{"scope":"tag","name":"half')

    for _ in range(10):
        await file.append(NEW)

    assert not path.with_name("purges.log.new").exists()
    assert known(await loaded(path)) == applied(*SOME, NEW)


async def test_what_is_appended_by_many_at_once_is_all_there(path: Path) -> None:
    file = PurgeFile(path, spare_lines=0)
    purges = [Purge("source", f"local:///{number}.jpg", number + 1) for number in range(100)]

    appending = [asyncio.create_task(file.append(purge)) for purge in purges]
    given_up = [asyncio.create_task(file.append(NEW)) for _ in range(20)]
    await asyncio.sleep(0.01)
    for task in given_up:
        task.cancel()
    await asyncio.wait(given_up)
    await asyncio.gather(*appending)

    assert known(await loaded(path)) - applied(NEW) == applied(*purges)


async def test_a_disk_that_fails_is_logged_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()

    await PurgeFile(tmp_path / "file" / "purges.log").append(NEW)
    assert "expected to keep 1 purges, got" in caplog.text

    assert known(await loaded(tmp_path)) == set()
    assert "expected to read the purges" in caplog.text


async def test_a_file_that_cannot_be_written_anew_is_kept(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = PurgeFile(path, spare_lines=9)
    path.parent.mkdir()
    path.with_name("purges.log.new").mkdir()

    for purge in SOME * 5:
        await file.append(purge)

    assert known(await loaded(path)) == applied(*SOME)
    # Once every ten lines, not with every line.
    assert caplog.text.count("expected to keep") == 2
