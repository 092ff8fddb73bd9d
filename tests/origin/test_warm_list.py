from __future__ import annotations

import io

import pytest

from origin.cli.warm_list import (
    MAX_LINE_BYTES,
    MAX_SHOWN,
    JunkError,
    WarmList,
    path_of,
    read_lines,
)

SIGNATURE = "oWaL7QoW5TsgbuiS9-5-DI8S3Ibbo1gdB2SteJh3a20"
PATH = "/pr:thumb/plain/local:///a.jpg"


@pytest.mark.parametrize(
    "line",
    [
        PATH,
        f"/{SIGNATURE}{PATH}",
        f"/unsafe{PATH}",
        f"/{SIGNATURE}{PATH}?utm=1",
        f"https://cdn.example/{SIGNATURE}{PATH}",
        f"HTTPS://cdn.example:8443/{SIGNATURE}{PATH}?utm=1#top",
        f"//cdn.example/{SIGNATURE}{PATH}#top",
        f"https://cdn.example{PATH}",
    ],
)
def test_host_query_and_signature_are_left_out(line: str) -> None:
    assert path_of(line) == PATH


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/plain/local:///a.jpg", "/plain/local:///a.jpg"),
        (f"/{SIGNATURE}/plain/local:///a.jpg", "/plain/local:///a.jpg"),
        (f"/{SIGNATURE}/bG9jYWw6Ly8vYS5qcGc.webp", "/bG9jYWw6Ly8vYS5qcGc.webp"),
        ("/bG9jYWw6Ly8vYS5qcGc.webp", "/bG9jYWw6Ly8vYS5qcGc.webp"),
        ("/w%3A300/plain/a", "/w%3A300/plain/a"),
        (f"/{SIGNATURE}/thumb/plain/a", "/thumb/plain/a"),
        ("/plain/https://host/a%3Fb@webp", "/plain/https://host/a%3Fb@webp"),
        ("/plain/a café.jpg", "/plain/a%20caf%C3%A9.jpg"),
        ("/plain/a\udcff", "/plain/a%FF"),
    ],
)
def test_the_path_is_what_a_client_sends_after_the_signature(line: str, path: str) -> None:
    assert path_of(line) == path


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("cat.jpg", r"begins with a slash, got 'cat\.jpg'"),
        ("ftp://host/a/plain/b", "begins with a slash"),
        ("\x1b[2J", "begins with a slash, got '.x1b"),
        ("x" * 200, "x{80}'…$"),
        ("https://cdn.example", "begins with a slash"),
        ("https://cdn.example/", "expected options and a source"),
        ("/", "expected options and a source"),
        (f"/{SIGNATURE}/", "expected options and a source"),
        ("/plain/" + "é" * 6000, "at most 32768 bytes, got 36007"),
    ],
)
def test_what_is_neither_a_url_nor_a_path_is_junk(line: str, complaint: str) -> None:
    with pytest.raises(JunkError, match=complaint):
        path_of(line)


def test_blank_lines_and_comments_are_passed_over_but_counted() -> None:
    file = io.BytesIO(b"\xef\xbb\xbf# ours\r\n\r\n  /a:1/b  \r\n\t# more\n/c:1/d")

    assert list(read_lines(file)) == [(3, "/a:1/b"), (5, "/c:1/d")]


def test_lines_without_end_are_cut_and_take_no_room() -> None:
    file = io.BytesIO(b"/a:1/" + b"x" * 3 * MAX_LINE_BYTES + b"\n/c:1/d\n")

    (_, long), second = read_lines(file)

    assert len(long) == MAX_LINE_BYTES
    assert second == (2, "/c:1/d")


def test_a_path_that_comes_twice_is_wanted_once_and_the_order_stays() -> None:
    wanted = WarmList()

    wanted.add_urls([(1, "/b:1/x"), (2, f"/{SIGNATURE}/a:1/x"), (3, f"/{SIGNATURE}/b:1/x")], "list")

    assert list(wanted.paths) == ["/b:1/x", "/a:1/x"]


def test_of_much_junk_the_first_is_kept_and_the_rest_counted() -> None:
    wanted = WarmList()

    wanted.add_urls(((number, "junk") for number in range(1, 1001)), "list")

    assert (len(wanted.junk), wanted.refused) == (MAX_SHOWN, 1000)
    assert wanted.junk[0].startswith("list line 1: expected a URL")


def test_sources_are_escaped_as_one_source_each() -> None:
    wanted = WarmList()

    wanted.add_sources(["local:///a b@2x.jpg", "https://host/c?d#e%41"], ["thumb", "big:blue"])

    assert list(wanted.paths) == [
        "/preset:thumb/plain/local:///a%20b%402x.jpg",
        "/preset:big:blue/plain/local:///a%20b%402x.jpg",
        "/preset:thumb/plain/https://host/c%3Fd%23e%2541",
        "/preset:big:blue/plain/https://host/c%3Fd%23e%2541",
    ]


@pytest.mark.parametrize("preset", ["", "a/b", "a b", "a?b", "a%41"])
def test_what_no_preset_is_called_is_refused(preset: str) -> None:
    with pytest.raises(ValueError, match="--preset: expected a name"):
        WarmList().add_sources(["a"], [preset])


def test_a_list_has_an_end() -> None:
    wanted = WarmList()

    with pytest.raises(ValueError, match="at most 1,000,000 paths, got more: split the list"):
        wanted.add_sources(map(str, range(1_000_001)), ["thumb"])
