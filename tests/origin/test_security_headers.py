"""What a page may do with an answer."""

from __future__ import annotations

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.security_headers import (
    SECURITY_HEADERS,
    combine_headers,
    cors_headers,
    preflight_headers,
)

ONE = "https://a.example"
LIST = "https://a.example, https://b.example:8443"


def test_an_answer_is_neither_sniffed_nor_run() -> None:
    assert SECURITY_HEADERS == {
        "x-content-type-options": "nosniff",
        "content-security-policy": (
            "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
        ),
        "cross-origin-resource-policy": "cross-origin",
    }


def test_the_constant_headers_stay_constant() -> None:
    writable = cast("dict[str, str]", SECURITY_HEADERS)

    with pytest.raises(TypeError):
        writable["x-content-type-options"] = ""


@pytest.mark.parametrize("setting", ["*", " * ", "https://a.example, *"])
@pytest.mark.parametrize("origin", [None, ONE, "null"])
def test_any_page_may_read_by_default(setting: str, origin: str | None) -> None:
    assert cors_headers(setting, origin) == {
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "*",
        "timing-allow-origin": "*",
    }


@pytest.mark.parametrize("setting", ["", " ", ",", " , "])
def test_an_empty_setting_turns_cors_off(setting: str) -> None:
    assert cors_headers(setting, ONE) == {}
    assert preflight_headers(setting, ONE) == {"allow": "GET, HEAD, OPTIONS"}


@pytest.mark.parametrize("origin", [None, ONE, "https://evil.example"])
def test_one_allowed_origin_is_a_constant_that_caches_can_keep(origin: str | None) -> None:
    headers = cors_headers("HTTPS://a.example/", origin)

    assert headers["access-control-allow-origin"] == ONE
    assert "vary" not in headers


@pytest.mark.parametrize("origin", [ONE, "https://b.example:8443", "HTTPS://A.example"])
def test_a_listed_origin_is_named(origin: str) -> None:
    headers = cors_headers(LIST, origin)

    assert headers == {
        "access-control-allow-origin": origin.lower(),
        "access-control-expose-headers": "*",
        "timing-allow-origin": origin.lower(),
        "vary": "Origin",
    }


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "",
        "*",
        "null",
        "https://evil.example",
        "http://a.example",
        "https://a.example.evil.example",
        "https://a.example:443",
        "https://b.example",
        "https://a.example, https://b.example:8443",
        "https://a.example\r\nx: y",
    ],
)
def test_an_unlisted_origin_gets_nothing_but_the_answer_varies(origin: str | None) -> None:
    assert cors_headers(LIST, origin) == {"vary": "Origin"}
    assert preflight_headers(LIST, origin) == {"allow": "GET, HEAD, OPTIONS", "vary": "Origin"}


@pytest.mark.parametrize("setting", ["*", ONE, LIST])
def test_a_preflight_allows_reading_with_any_header(setting: str) -> None:
    headers = preflight_headers(setting, ONE)

    assert headers["allow"] == "GET, HEAD, OPTIONS"
    assert headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert headers["access-control-allow-headers"] == "*"
    assert headers["access-control-max-age"] == "86400"
    assert headers.items() >= cors_headers(setting, ONE).items()


@pytest.mark.parametrize("setting", ["*", ONE, LIST, ""])
def test_credentials_are_never_allowed(setting: str) -> None:
    assert "access-control-allow-credentials" not in preflight_headers(setting, ONE)


@given(setting=st.text(), origin=st.none() | st.text())
def test_a_strangers_origin_is_never_reflected(setting: str, origin: str | None) -> None:
    headers = preflight_headers(setting, origin)

    allowed = headers.get("access-control-allow-origin", "")
    assert allowed in setting.lower()


def test_reasons_to_vary_add_up() -> None:
    combined = combine_headers(
        {"vary": "Accept", "etag": '"a"'}, cors_headers(LIST, None), {"Vary": "accept"}
    )

    assert combined == {"vary": "accept, Origin", "etag": '"a"'}


def test_of_any_other_header_the_last_counts() -> None:
    combined = combine_headers({"Cache-Control": "public"}, {"cache-control": "no-store"})

    assert combined == {"cache-control": "no-store"}


def test_nothing_to_vary_on_sends_no_vary() -> None:
    assert combine_headers({"vary": " , "}, SECURITY_HEADERS) == {**SECURITY_HEADERS}
