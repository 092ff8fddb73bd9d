"""Web hosts: versions, refusals, and what is sent to them."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from origin.sources.errors import (
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
    SourceReferenceError,
    SourceUnavailable,
)
from origin.sources.source import Version
from origin.sources.web import WebSource
from origin.sources.web_target import Target
from tests.origin.sources.impostor import Answer, found, refused
from tests.origin.sources.web_server import WebServer

MB = 1 << 20
MODIFIED = "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"
BARE = Answer(200, ("Content-Length: 3",), b"abc")
HASH = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def ok(*fields: str, body: bytes = b"abc") -> Answer:
    return Answer(200, (*fields, f"Content-Length: {len(body)}"), body)


@pytest.mark.parametrize(
    ("fields", "version"),
    [
        (('ETag: "a"', MODIFIED), Version('"a"', 3, 784111777.0)),
        (('ETag: W/"a"',), Version('W/"a"', 3, None)),
        ((MODIFIED,), Version("784111777.0-3", 3, 784111777.0)),
        (('ETag: "a"', "Last-Modified: yesterday"), Version('"a"', 3, None)),
        (
            ("Last-Modified: Sun, 06 Nov 1994 08:49:37 -0000",),
            Version("784111777.0-3", 3, 784111777.0),
        ),
    ],
)
async def test_a_version_is_read_off_the_head(
    web_server: WebServer, web: WebSource, fields: tuple[str, ...], version: Version
) -> None:
    web_server.will("/a.jpg", ok(*fields))

    found = await web.stat(web_server.url("/a.jpg"))
    blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB, version=found)

    assert found == blob.version == version
    assert web_server.asked == ["HEAD /a.jpg", "GET /a.jpg"]


@pytest.mark.parametrize("fields", [(), ("Last-Modified: Sun, 99 Nov 99999",), ("ETag: ",)])
async def test_without_a_validator_the_version_is_a_hash_of_the_bytes(
    web_server: WebServer, web: WebSource, fields: tuple[str, ...]
) -> None:
    web_server.will("/a.jpg", ok(*fields))

    version = await web.stat(web_server.url("/a.jpg"))
    blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB, version=version)

    assert version == blob.version == Version(HASH, 3, None)
    assert blob.data == b"abc"


async def test_a_time_alone_is_no_version(web_server: WebServer, web: WebSource) -> None:
    body = b"3\r\nabc\r\n0\r\n\r\n"
    web_server.will("/a.jpg", Answer(200, (MODIFIED, "Transfer-Encoding: chunked"), body))

    version = await web.stat(web_server.url("/a.jpg"))

    assert version == Version(HASH, 3, 784111777.0)


async def test_the_hash_of_other_bytes_is_another_version(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", BARE)
    version = await web.stat(web_server.url("/a.jpg"))
    web_server.will("/a.jpg", ok(body=b"abd"))

    with pytest.raises(SourceChanged, match=HASH):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB, version=version)


@pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
async def test_a_host_that_takes_no_head_is_asked_by_get(
    web_server: WebServer, web: WebSource, status: int
) -> None:
    web_server.will("/a.jpg", refused(status), found(b"abc", etag='"a"'))

    version = await web.stat(web_server.url("/a.jpg"))

    assert version == Version('"a"', 3, None)
    assert web_server.asked == ["HEAD /a.jpg", "GET /a.jpg"]


async def test_the_hosts_word_on_caching_is_passed_on(
    web_server: WebServer, web: WebSource
) -> None:
    fields = ('ETag: "a"', "Cache-Control: max-age=60", "Cache-Control: immutable")
    web_server.will("/a.jpg", ok(*fields))

    version = await web.stat(web_server.url("/a.jpg"))

    assert version.cache_control == "max-age=60, immutable"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (404, SourceNotFound),
        (410, SourceNotFound),
        (401, SourceDenied),
        (403, SourceDenied),
        (429, SourceUnavailable),
        (500, SourceUnavailable),
        (503, SourceUnavailable),
        (204, SourceUnavailable),
        (206, SourceUnavailable),
        (300, SourceUnavailable),
        (302, SourceUnavailable),
        (304, SourceUnavailable),
        (400, SourceUnavailable),
        (451, SourceUnavailable),
    ],
)
async def test_a_refusal_is_an_error_that_says_the_status(
    web_server: WebServer, web: WebSource, status: int, error: type[SourceError]
) -> None:
    web_server.will(
        "/a.jpg", Answer(status, () if status in (204, 304) else ("Content-Length: 0",))
    )

    for asking in (
        web.stat(web_server.url("/a.jpg")),
        web.fetch(web_server.url("/a.jpg"), max_bytes=MB),
    ):
        with pytest.raises(SourceError, match=rf"a\.jpg: expected 200, got {status}") as raised:
            await asking

        assert type(raised.value) is error


@pytest.mark.parametrize("coding", ["gzip", "br", "X-Own"])
async def test_coded_bytes_are_refused(web_server: WebServer, web: WebSource, coding: str) -> None:
    web_server.will("/a.jpg", ok('ETag: "a"', f"Content-Encoding: {coding}"))

    with pytest.raises(SourceUnavailable, match=f"Content-Encoding '{coding.lower()}'"):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)


async def test_the_request_says_little_and_the_same_each_time(
    web_server: WebServer, web: WebSource
) -> None:
    web_server.will("/a.jpg", ok('ETag: "a"', "Set-Cookie: who=you; Path=/"))

    for _ in range(2):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB, version=Version('"a"', 3, None))

    fields = {
        "host": f"img.example:{web_server.port}",
        "user-agent": "Safelight",
        "accept": "image/*,*/*;q=0.5",
        "accept-encoding": "identity",
    }
    assert [request.headers for request in web_server.requests] == [fields, fields]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a.jpg", "/a.jpg"),
        ("/a//b.jpg?c=d&e", "/a//b.jpg?c=d&e"),
        ("?c", "/?c"),
        ("/%61%2Fb%20c.jpg", "/%61%2Fb%20c.jpg"),
        ("/a b.jpg?c d", "/a%20b.jpg?c%20d"),
        ("/100%.jpg", "/100%25.jpg"),
        ("/#1.jpg", "/%231.jpg"),
        ("/日.jpg?é", "/%E6%97%A5.jpg?%C3%A9"),
        ("/a-._~!$&'()*+,;=:@.jpg", "/a-._~!$&'()*+,;=:@.jpg"),
        ('/"<>\\^`{|}[].jpg', "/%22%3C%3E%5C%5E%60%7B%7C%7D%5B%5D.jpg"),
        ("/a.jpg?b=../c/..", "/a.jpg?b=../c/.."),
    ],
)
async def test_a_path_is_sent_as_it_is_or_escaped(
    web_server: WebServer, web: WebSource, path: str, sent: str
) -> None:
    with pytest.raises(SourceNotFound):
        await web.fetch(web_server.url(path), max_bytes=MB)

    assert web_server.asked == [f"GET {sent}"]


@pytest.mark.parametrize(
    ("reference", "reason"),
    [
        ("http://user@img.example:{port}/a.jpg", "user"),
        ("http://user:word@img.example:{port}/a.jpg", "user"),
        ("http://img.example:{port}@elsewhere.example/a.jpg", "user"),
        ("http://elsewhere.example\\@img.example:{port}/a.jpg", "user"),
        ("http://elsewhere.example#.img.example:{port}/a.jpg", "host name"),
        ("http://img.example:{port}\\.elsewhere.example/a.jpg", "host:port"),
        ("http://img.example:{port}", "a path"),
        ("http://img.example:{port}/", "a path"),
        ("http://:{port}/a.jpg", "a host name"),
        ("http:///a.jpg", "a host name"),
        ("http://img.example:/a.jpg", "host:port"),
        ("http://img.example:0/a.jpg", "host:port"),
        ("http://img.example:{port}/../a.jpg", r"'\.\.'"),
        ("http://img.example:{port}/b/%2E%2e/a.jpg", r"'\.\.'"),
        ("http://img.example:{port}/b/.%2e%2fa.jpg", r"'\.\.'"),
        ("http://img.example:{port}/%2e/a.jpg", r"'\.'"),
        ("http://img.example:{port}/a.jpg\r\nX: y", "control"),
        ("http://img.example:{port}/" + "é" * 1400, "at most 8192 bytes"),
    ],
)
async def test_a_malformed_reference_asks_nobody(
    web_server: WebServer, web: WebSource, reference: str, reason: str
) -> None:
    with pytest.raises(SourceReferenceError, match=reason):
        await web.fetch(reference.format(port=web_server.port), max_bytes=MB)

    assert web_server.connections == 0


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "cdn.example", "img.example.elsewhere.example", "127.0.0.1"]
)
async def test_a_host_that_is_not_listed_is_not_asked(
    web_server: WebServer, web: WebSource, host: str
) -> None:
    with pytest.raises(SourceNotAllowed, match=f"{re.escape(host)}.* SAFELIGHT_HTTP_ALLOW"):
        await web.stat(web_server.url("/a.jpg", host))

    assert web_server.connections == 0


@pytest.mark.parametrize(
    "host", ["IMG.example", "img.example.", "a.cdn.example", "b.a.CDN.example"]
)
async def test_a_listed_host_is_found_in_any_spelling(
    web_server: WebServer, web: WebSource, host: str
) -> None:
    web_server.will("/a.jpg", BARE)

    blob = await web.fetch(web_server.url("/a.jpg", host), max_bytes=MB)

    assert blob.data == b"abc"
    assert web_server.requests[0].headers["host"] == (
        f"{host.lower().removesuffix('.')}:{web_server.port}"
    )


async def test_proxies_of_the_environment_are_not_asked(
    web_server: WebServer, web: WebSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    web_server.will("/a.jpg", BARE)
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"abc"


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=st.text(alphabet=st.characters(max_codepoint=0x24F, exclude_categories=["Cc"])))
async def test_no_field_of_an_answer_raises_anything_but_a_source_error(
    web_server: WebServer, web: WebSource, field: str
) -> None:
    names = ("Location", "ETag", "Last-Modified", "Content-Encoding")
    for status, name in [(302, names[0]), *((200, name) for name in names[1:])]:
        web_server.will("/a.jpg", Answer(status, (f"{name}: {field}", "Content-Length: 0")))

        try:
            await web.stat(web_server.url("/a.jpg"))
        except SourceError:
            continue


@given(
    st.text() | st.from_regex(r"https?://[a-z@:\[\]0-9.]{1,20}/[a-z./?%\\#]{0,20}", fullmatch=True)
)
def test_a_target_reads_the_same_when_written_out(text: str) -> None:
    try:
        target = Target.parse(text)
    except SourceError:
        return

    assert Target.parse(str(target)) == target
