from __future__ import annotations

from io import FileIO
from pathlib import Path

import pytest

from origin.cli.warm_journal import Journal, JournalError, open_journal


def finished(path: Path) -> set[str]:
    with open_journal(path, restart=False) as journal:
        return set(journal.finished)


def test_what_was_added_is_found_again(tmp_path: Path) -> None:
    path = tmp_path / "list.warmed"
    with open_journal(path, restart=False) as journal:
        journal.add("/a:1/b")
        journal.add("/c:1/d")

    assert finished(path) == {"/a:1/b", "/c:1/d"}


def test_it_is_written_before_the_journal_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "list.warmed"

    with open_journal(path, restart=False) as journal:
        journal.add("/a:1/b")

        assert path.read_text().endswith("\n/a:1/b\n")


def test_a_line_that_a_crash_cut_is_no_path_and_harms_none(tmp_path: Path) -> None:
    path = tmp_path / "list.warmed"
    with open_journal(path, restart=False) as journal:
        journal.add("/a:1/b")
    with path.open("a") as file:
        file.write("/c:1/d")

    with open_journal(path, restart=False) as journal:
        assert journal.finished == {"/a:1/b"}
        journal.add("/e:1/f")

    assert finished(path) == {"/a:1/b", "/e:1/f"}


def test_a_restart_forgets(tmp_path: Path) -> None:
    path = tmp_path / "list.warmed"
    with open_journal(path, restart=False) as journal:
        journal.add("/a:1/b")

    with open_journal(path, restart=True) as journal:
        assert not journal.finished

    assert not finished(path)


@pytest.mark.parametrize("restart", [True, False])
def test_another_file_is_left_as_it_is(tmp_path: Path, restart: bool) -> None:
    path = tmp_path / "list"
    path.write_text("/a:1/b\n/c:1/d")

    with (
        pytest.raises(JournalError, match="expected a journal of `safelight warm`"),
        open_journal(path, restart=restart),
    ):
        pass

    assert path.read_text() == "/a:1/b\n/c:1/d"


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    with (
        pytest.raises(
            JournalError, match=r"nowhere/list: cannot be written: No such file.*--journ"
        ),
        open_journal(tmp_path / "nowhere" / "list", restart=False),
    ):
        pass


def test_a_full_disk_is_told() -> None:
    with FileIO("/dev/full", "w") as full:
        journal = Journal(Path("list.warmed"), full, frozenset())

        with pytest.raises(JournalError, match=r"list\.warmed: cannot be written: No space left"):
            journal.add("/a:1/b")


def test_without_a_file_nothing_is_kept() -> None:
    with open_journal(None, restart=True) as journal:
        journal.add("/a:1/b")

        assert (journal.path, journal.finished) == (None, frozenset())
