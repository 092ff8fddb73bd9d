"""The name under which a picture is saved, and that no name can do harm."""

from __future__ import annotations

import re
import unicodedata
from email.message import EmailMessage
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.disposition import MAX_LENGTH, content_disposition

FIELD = re.compile(
    r'(?P<kind>inline|attachment); filename="(?P<plain>[^"\\%;\x00-\x1f\x7f-\U0010ffff]+)"'
    r"(?:; filename\*=UTF-8''(?P<extended>(?:[A-Za-z0-9_.~-]|%[0-9A-F]{2})+))?"
)
NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\r\n\0\"\\/%;:.'*? \t\u202e\u200d\u2028\ud800\udfff\U0001f408äé猫"),
    ),
    max_size=300,
)


def disposition(
    filename: str | None = None,
    source: str = "local:///cat.jpg",
    extension: str = "webp",
    *,
    attachment: bool = False,
) -> str:
    return content_disposition(
        filename=filename, source=source, extension=extension, attachment=attachment
    )


def saved_as(value: str) -> str:
    """The name that a reader of RFC 6266 takes: the extended one, if there is one."""
    match = FIELD.fullmatch(value)
    assert match is not None, f"not a Content-Disposition of ours: {value!r}"
    return unquote(match["extended"], errors="strict") if match["extended"] else match["plain"]


def test_a_picture_is_shown_or_saved() -> None:
    assert disposition() == 'inline; filename="cat.webp"'
    assert disposition(attachment=True) == 'attachment; filename="cat.webp"'


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("local:///cat.jpg", "cat.webp"),
        ("local:///a/b/cat.jpg", "cat.webp"),
        ("local:///my%20cat.jpg", "my cat.webp"),
        ("s3://bucket/cat.jpg", "cat.webp"),
        ("s3://bucket/cat.jpg?versionId=a/b.png", "cat.webp"),
        ("s3://bucket/cat #1.jpg", "cat #1.webp"),
        ("https://example.com/cat.jpg?v=/2.png#x/y.gif", "cat.webp"),
        ("HTTPS://example.com/cat.jpg#x/y.gif", "cat.webp"),
        ("https://example.com/cat", "cat.webp"),
        ("https://example.com/cat.tar.gz", "cat.tar.webp"),
        ("https://example.com/a%2Fb.jpg", "b.webp"),
        ("https://example.com/%63at%2Ejpg", "cat.webp"),
        ("https://example.com/100%.jpg", "100%.webp"),
        ("https://example.com/%FF.jpg", "\ufffd.webp"),
        ("https://example.com/%E7%8C%AB.jpg", "猫.webp"),
        ("https://example.com/cat.jpg/", "image.webp"),
        ("https://example.com/", "image.webp"),
        ("https://example.com", "image.webp"),
        ("https://example.com?u=https://x/cat.jpg", "image.webp"),
        ("https://[::1/cat.jpg", "cat.webp"),
        ("cat.jpg", "cat.webp"),
        ("/cat.jpg", "cat.webp"),
        (".jpg", "image.webp"),
        ("..", "image.webp"),
        ("local:///%2e%2e%2f%2e%2e%2fetc%2fpasswd", "passwd.webp"),
        ("", "image.webp"),
        ("://", "image.webp"),
    ],
)
def test_the_source_names_the_picture(source: str, expected: str) -> None:
    assert saved_as(disposition(source=source)) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("cat", "cat.webp"),
        ("cat.webp", "cat.webp"),
        ("cat.WEBP", "cat.webp"),
        ("cat.webp.webp", "cat.webp.webp"),
        ("cat.jpg", "cat.jpg.webp"),
        ("catwebp", "catwebp.webp"),
        ("v1.2", "v1.2.webp"),
        (" cat \t", "cat.webp"),
        (".hidden", "hidden.webp"),
        ("...hidden", "hidden.webp"),
        ("cat.", "cat.webp"),
        ("cat .webp", "cat.webp"),
        ("../../etc/passwd", "_.._etc_passwd.webp"),
        ("C:\\cat", "C__cat.webp"),
        ('say "cat"', "say _cat_.webp"),
        ("a;b%41", "a;b%41.webp"),
        ("cat\r\nSet-Cookie: a=b", "cat Set-Cookie_ a=b.webp"),
        ("cat\0.webp", "cat.webp"),
        ("cat\u202egpj.exe", "catgpj.exe.webp"),
        ("cat\u2028dog", "cat dog.webp"),
        ("c\ud83dat", "cat.webp"),
        ("Käse", "Käse.webp"),
        ("猫", "猫.webp"),
        ("\U0001f408", "\U0001f408.webp"),
        ("", "source.webp"),
        (" ", "source.webp"),
        ("...", "source.webp"),
        (".webp", "source.webp"),
        ("\u202e\0", "source.webp"),
    ],
)
def test_a_given_name_comes_first(filename: str, expected: str) -> None:
    assert saved_as(disposition(filename, "local:///source.jpg")) == expected


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("Käse", "inline; filename=\"K_se.webp\"; filename*=UTF-8''K%C3%A4se.webp"),
        ("50% off", "inline; filename=\"50_ off.webp\"; filename*=UTF-8''50%25%20off.webp"),
        ("a;b", "inline; filename=\"a_b.webp\"; filename*=UTF-8''a%3Bb.webp"),
        ("it's", 'inline; filename="it\'s.webp"'),
    ],
)
def test_what_is_not_plain_is_said_twice(filename: str, expected: str) -> None:
    assert disposition(filename) == expected


@pytest.mark.parametrize(
    ("extension", "expected"),
    [
        ("jpg", "cat.jpg"),
        (".png", "cat.png"),
        ("WEBP", "cat.webp"),
        ("", "cat"),
        ('w"\r\n/é', "cat.w"),
        ("x" * 999, "cat." + "x" * 16),
    ],
)
def test_the_extension_is_that_of_the_answer(extension: str, expected: str) -> None:
    assert saved_as(disposition("cat", extension=extension)) == expected


@pytest.mark.parametrize("character", ["a", "é", "猫", "\U0001f408"])
def test_a_long_name_is_cut_between_characters(character: str) -> None:
    name = saved_as(disposition(character * 5000))

    assert name == character * (MAX_LENGTH - len(".webp")) + ".webp"


@given(filename=st.none() | NASTY, source=NASTY, extension=NASTY, attachment=st.booleans())
def test_any_input_gives_a_safe_name(
    filename: str | None, source: str, extension: str, attachment: bool
) -> None:
    value = disposition(filename, source, extension, attachment=attachment)

    name = saved_as(value)
    assert value.isascii()
    assert value.isprintable()
    assert 0 < len(name) <= MAX_LENGTH
    assert not set(name) & set('/\\:*?"<>|')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))
    assert not any(unicodedata.category(character).startswith("C") for character in name)


@given(filename=NASTY)
def test_a_reader_of_the_plain_name_alone_gets_that_name(filename: str) -> None:
    value = disposition(filename)
    message = EmailMessage()

    message["Content-Disposition"] = value

    plain = FIELD.fullmatch(value)
    assert plain is not None
    assert message.get_content_disposition() == "inline"
    assert message.get_filename() == plain["plain"]


@given(filename=NASTY)
def test_a_saved_name_is_kept_when_it_is_given_again(filename: str) -> None:
    once = saved_as(disposition(filename))

    again = saved_as(disposition(once))

    assert again == once


@given(st.text(st.characters(categories=("L", "N")), min_size=1, max_size=100))
def test_letters_of_any_script_survive_in_names_and_sources(stem: str) -> None:
    given = disposition(stem)
    found = disposition(source=f"https://example.com/a/{quote(stem)}.jpg?v=1")

    assert saved_as(given) == saved_as(found) == f"{stem}.webp"
