from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from origin.admin import make_admin
from tests.origin.admin_server import HOST, Oven, Safelight, Served, listed, serving
from tests.system.server import free_port


@pytest.fixture
def oven() -> Oven:
    return Oven()


@pytest.fixture
def served(oven: Oven, environment: pytest.MonkeyPatch) -> Iterator[Served]:
    """The server whose admin port the environment names."""
    with serving(make_admin(lambda: True, warm=oven.warm)) as served:
        environment.setenv("SAFELIGHT_ADMIN_PORT", served.url.rpartition(":")[2])
        yield served


def sources(*names: str) -> set[str]:
    return {f"local:///{name}" for name in names}


@pytest.mark.usefixtures("served")
def test_every_url_of_a_list_is_made_in_every_format(safelight: Safelight, oven: Oven) -> None:
    warmed = safelight("warm", listed("a", "b"))

    assert (warmed.code, warmed.err) == (0, "")
    assert warmed.out.startswith("2 paths in ")
    assert warmed.out.endswith(" s: 6 made, 0 hits, 0 failed.\n")
    assert oven.sources == sources("a", "b")
    assert len(oven.made) == 6
    assert Path("list.txt.warmed").read_text().splitlines()[1:] == [
        "/w:300/plain/local:///a",
        "/w:300/plain/local:///b",
    ]


@pytest.mark.usefixtures("served")
def test_a_second_run_makes_what_is_new_and_says_so(safelight: Safelight, oven: Oven) -> None:
    safelight("warm", listed("a", "b"))
    oven.made.clear()

    warmed = safelight("warm", listed("a", "b", "c"))

    assert warmed.code == 0
    assert warmed.out.startswith("Going on: 2 of 3 paths are warm, says list.txt.warmed")
    assert oven.sources == sources("c")


def test_when_all_is_warm_no_server_is_needed(
    safelight: Safelight, oven: Oven, environment: pytest.MonkeyPatch
) -> None:
    with serving(make_admin(lambda: True, warm=oven.warm)) as served:
        safelight("warm", listed("a"), "--admin", served.url)

    warmed = safelight("warm", "list.txt", "--admin", f"http://127.0.0.1:{free_port()}")

    assert (warmed.code, warmed.err) == (0, "")
    assert warmed.out.startswith("Nothing to do: 1 of 1 paths are warm")
    assert "--restart" in warmed.out


@pytest.mark.usefixtures("served")
def test_a_restart_asks_for_everything_again(safelight: Safelight, oven: Oven) -> None:
    safelight("warm", listed("a", "b"))

    warmed = safelight("warm", "list.txt", "--restart")

    assert "0 made, 6 hits, 0 failed" in warmed.out
    assert set(oven.made.values()) == {2}


@pytest.mark.usefixtures("served")
def test_what_fails_is_listed_and_tried_again_by_the_next_run(
    safelight: Safelight, oven: Oven
) -> None:
    oven.broken = ("bad",)
    first = safelight("warm", listed("a", "bad", "b"))
    oven.broken = ()

    second = safelight("warm", "list.txt")

    assert first.code == 1
    assert "6 made, 0 hits, 1 failed" in first.out
    assert first.err.splitlines() == [
        "1 failed, and the next run tries them again:",
        "  /w:300/plain/local:///bad  internal: Internal error",
    ]
    assert (second.code, second.err) == (0, "")
    assert "3 made, 0 hits, 0 failed" in second.out


@pytest.mark.usefixtures("served")
def test_of_many_failures_twenty_are_shown(safelight: Safelight, oven: Oven) -> None:
    oven.broken = ("bad",)

    warmed = safelight("warm", listed(*(f"bad{number}" for number in range(33))))

    assert warmed.err.startswith("33 failed")
    assert len(warmed.err.splitlines()) == 22
    assert warmed.err.endswith("  … and 13 more\n")


@pytest.mark.usefixtures("served")
def test_junk_lines_are_named_and_do_not_stop_the_others(safelight: Safelight, oven: Oven) -> None:
    Path("list.txt").write_bytes(
        b"# pictures\n\nnonsense\n/w:300/plain/local:///a\n\xff\xfe\x00\n/w:x/plain/b\n"
        + b"z" * 9**6
    )

    warmed = safelight("warm", "list.txt")

    assert warmed.code == 1
    assert oven.sources == sources("a")
    lines = warmed.err.splitlines()
    assert lines[0] == "1 failed, and the next run tries them again:"
    assert lines[1].startswith("  /w:x/plain/b  invalid_url: Invalid image URL: ")
    assert lines[2] == "3 are not usable and were left out:"
    assert lines[3].startswith("  list.txt line 3: expected a URL or a path")
    assert [line.split(":")[0] for line in lines[4:]] == ["  list.txt line 5", "  list.txt line 7"]


@pytest.mark.usefixtures("served")
def test_sources_are_made_under_each_preset(safelight: Safelight, oven: Oven) -> None:
    Path("sources.txt").write_text("# ours\nlocal:///b\n\nlocal:///c@2x.jpg\n")
    given = ("--source", "local:///a", "--sources", "sources.txt")

    warmed = safelight("warm", *given, "--preset", "thumb", "--preset", "big")

    assert warmed.code == 0
    assert "6 paths" in warmed.out
    assert oven.sources == sources("a", "b", "c@2x.jpg")
    assert len(Path("sources.txt.warmed").read_text().splitlines()) == 1 + 6


@pytest.mark.usefixtures("served")
def test_where_urls_name_nothing_but_presets_the_paths_do_so_too(
    safelight: Safelight, oven: Oven, environment: pytest.MonkeyPatch
) -> None:
    oven.only_presets = True
    environment.setenv("SAFELIGHT_ONLY_PRESETS", "1")

    safelight("warm", "--source", "local:///a", "--preset", "thumb", "--journal", "journal")

    assert Path("journal").read_text().splitlines()[1:] == ["/thumb/plain/local:///a"]


@pytest.mark.usefixtures("served")
def test_a_list_may_come_through_a_pipe_and_leaves_no_journal_then(
    safelight: Safelight, oven: Oven, environment: pytest.MonkeyPatch
) -> None:
    environment.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"/w:300/plain/local:///a\n"))
    )

    warmed = safelight("warm", "-")

    assert warmed.code == 0
    assert oven.sources == sources("a")
    assert not list(Path().iterdir())


@pytest.mark.usefixtures("served")
def test_ten_thousand_lines_go_in_batches_that_are_bounded(
    safelight: Safelight, oven: Oven
) -> None:
    file = listed(*(f"{number}.jpg" for number in range(10_000)))

    warmed = safelight("warm", file, "--batch", "400")

    assert warmed.code == 0
    assert "30,000 made, 0 hits, 0 failed" in warmed.out
    assert oven.batches == [400] * 25
    assert len(warmed.out.splitlines()) < 100


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "expected a FILE of URLs, or sources with presets, got none"),
        (("nowhere.txt",), "nowhere.txt: No such file or directory"),
        (("empty.txt",), "expected a FILE of URLs"),
        (("--source", "a"), "--preset together"),
        (("--preset", "a"), "--preset together"),
        (("--source", "a", "--preset", "a/b"), "expected a name"),
        (("empty.txt", "--batch", "1001"), "1000"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_made(
    safelight: Safelight, oven: Oven, arguments: tuple[str, ...], complaint: str
) -> None:
    Path("empty.txt").write_text("# nothing\n")

    refused = safelight("warm", *arguments)

    assert (refused.code, refused.out) == (2, "")
    assert complaint in refused.err
    assert not oven.batches


def test_where_nothing_listens_no_time_is_lost_with_tries(safelight: Safelight) -> None:
    url = f"http://127.0.0.1:{free_port()}"

    refused = safelight("warm", listed("a"), "--admin", url)

    assert (refused.code, refused.out) == (1, "")
    assert url in refused.err
    assert "SAFELIGHT_ADMIN_PORT" in refused.err
    assert "Trying again" not in refused.err


def test_a_server_of_something_else_is_told(safelight: Safelight) -> None:
    with serving(make_admin(lambda: True)) as served:
        refused = safelight("warm", listed("a"), "--admin", served.url)

    assert refused.code == 1
    assert "/warm answered 404" in refused.err


@pytest.mark.usefixtures("served")
def test_a_list_that_is_given_as_journal_is_not_written_to(safelight: Safelight) -> None:
    file = listed("a")

    refused = safelight("warm", file, "--journal", file, "--restart")

    assert refused.code == 1
    assert "expected a journal" in refused.err
    assert Path(file).read_text().startswith(HOST)
