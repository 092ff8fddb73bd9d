"""The grammar of SAFELIGHT_HTTP_ALLOW, and the one spelling of a host."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sources.web_hosts import check_hosts, plain_host


def admits(entry: str, scheme: str, host: str, port: int) -> bool:
    (rule,) = check_hosts((entry,))
    return rule.admits(scheme, host, port)


@pytest.mark.parametrize(
    ("entry", "scheme", "host", "port", "admitted"),
    [
        ("img.example", "https", "img.example", 443, True),
        ("img.example", "http", "img.example", 80, True),
        ("img.example", "https", "img.example", 80, False),
        ("img.example", "http", "img.example", 8080, False),
        ("img.example:8080", "http", "img.example", 8080, True),
        ("img.example:8080", "http", "img.example", 80, False),
        ("IMG.Example.", "https", "img.example", 443, True),
        ("bücher.example", "https", "xn--bcher-kva.example", 443, True),
        ("img.example", "https", "a.img.example", 443, False),
        ("img.example", "https", "img.example.evil", 443, False),
        ("img.example", "https", "notimg.example", 443, False),
        ("*.example", "https", "img.example", 443, True),
        ("*.example", "https", "a.b.example", 443, True),
        ("*.example", "https", "example", 443, False),
        ("*.example", "https", "notexample", 443, False),
        ("*.example", "https", "img.example.evil", 443, False),
        ("*.example:444", "https", "img.example", 444, True),
        ("*.example:444", "https", "img.example", 443, False),
        ("*", "https", "anything.example", 443, True),
        ("*", "https", "1.1.1.1", 443, True),
        ("*", "https", "anything.example", 6379, False),
        ("*:6379", "http", "anything.example", 6379, True),
        ("[2606:4700:0::1]", "https", "2606:4700::1", 443, True),
        ("[::1]:81", "http", "::1", 81, True),
        ("127.0.0.1:81", "http", "127.0.0.1", 81, True),
    ],
)
def test_an_entry_covers_what_it_names_and_nothing_else(
    entry: str, scheme: str, host: str, port: int, admitted: bool
) -> None:
    assert admits(entry, scheme, host, port) is admitted


@pytest.mark.parametrize(
    "entry",
    [
        "",
        "https://img.example",
        "img.example/cats",
        "user@img.example",
        "img.*.example",
        "*img.example",
        "**.example",
        "*.",
        "*.*",
        "*.0.0.1",
        ".example",
        "img..example",
        "img example",
        "-img.example",
        "img.example:",
        "img.example:0",
        "img.example:65536",
        "img.example:http",
        "::1",
        "[::1",
        "[fe80::1%eth0]",
        "127.1",
        "2130706433",
        "0x7f.1",
        "010.0.0.1",
        "10.0.0.0/8",
        "n" * 64 + ".example",
        "a." * 127 + "example",
    ],
)
def test_an_entry_that_is_none_is_named_at_the_start(entry: str) -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_HTTP_ALLOW: expected hosts such as") as raised:
        check_hosts(("img.example", entry))

    assert repr(entry) in str(raised.value)


def test_all_hosts_and_private_addresses_do_not_go_together() -> None:
    with pytest.raises(ValueError, match="SAFELIGHT_HTTP_ALLOW: expected hosts by name"):
        check_hosts(("img.example", "*:8080"), private=True)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("IMG.EXAMPLE", "img.example"),
        ("img.example.", "img.example"),
        ("img_1.example", "img_1.example"),
        ("\uff29\uff2d\uff27\u3002example", "img.example"),
        ("straße.example", "xn--strae-oqa.example"),
        ("\uff11\uff12\uff17.0.0.1", "127.0.0.1"),
        ("127\u30020\u30020\u30021", "127.0.0.1"),
        ("127.0.0.1.", "127.0.0.1"),
        ("[::FFFF:7F00:1]", "::ffff:7f00:1"),
        ("[0:0::0:1]", "::1"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    assert plain_host(text) == host


@given(st.text(alphabet="0123456789abcdefx.:[]%", max_size=24))
def test_the_one_spelling_is_kept(text: str) -> None:
    try:
        host = plain_host(text)
    except ValueError:
        return

    assert plain_host(f"[{host}]" if ":" in host else host) == host
