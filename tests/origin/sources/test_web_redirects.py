"""Ways out of the listed hosts: redirects, odd addresses, names that change what they stand for."""

from __future__ import annotations

import pytest

from origin.sources.errors import (
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
    SourceReferenceError,
    SourceUnavailable,
)
from origin.sources.web import WebSource
from origin.sources.web_transport import resolve_host
from tests.origin.sources.impostor import found
from tests.origin.sources.web_server import WebServer, open_home, redirect

MB = 1 << 20

# {port} is the server's: whoever is let through reaches it, or would reach worse.
HOSTS = [
    *("127.0.0.1", "127.0.0.2", "127.1", "127.0.1", "0", "0.0.0.0", "localhost", "LOCALHOST."),
    *("2130706433", "017700000001", "0x7f000001", "0x7f.1", "0x7f.0x0.0x0.0x1", "0177.0.0.1"),
    *("127.0.0.01", "127.0.0.1.", "127.0.0.1..", "127.000.000.001", "0x7F.0.0.1", "127.0.0.0x1"),
    *("4294967296", "18446744073709551617", "127.0.0.256", "127.0.0.1%00", "127.0.0.1%2e"),
    *("\uff11\uff12\uff17.0.0.1", "127\u30020\u30020\u30021", "\u24db\u24de\u24d2alhost"),
    *("\u2460\u2461\u2466.0.0.1", "\uff10\uff58\uff17\uff46.1", "\u0661\u0662\u0667.0.0.1"),
    *("10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "192.0.0.170"),
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "168.63.129.16"),
    *("100.100.100.200", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[::ffff:0:127.0.0.1]", "[::ffff:a9fe:a9fe]", "[0::ffff:0a00:1]"),
    *("[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::7f00:1]"),
    *("[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[2001:0:7f00:1::1]"),
    *("[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2606:4700::5efe:7f00:1]"),
    *("[fe80::1]", "[fe80::1%25lo]", "[fe80::1%lo]", "[fd00::1]", "[fd00:ec2::254]", "[fec0::1]"),
    *("[ff02::1]", "[2001:db8::1]", "[3fff::1]", "[::1", "::1", "[v1.a]", "[127.0.0.1]"),
]


@pytest.mark.parametrize("host", HOSTS)
async def test_no_spelling_of_an_address_opens_what_is_not_public(
    web_server: WebServer, host: str
) -> None:
    async with open_home(web_server, hosts=("*",), private=False, resolve=resolve_host) as web:
        with pytest.raises((SourceNotAllowed, SourceReferenceError)):
            await web.fetch(web_server.url("/a.jpg", host), max_bytes=MB)

    assert web_server.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["93.184.216.34", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["169.254.169.254"],
        ["fe80::1%eth0"],
        ["no address"],
    ],
)
async def test_a_name_for_a_private_address_is_not_connected_to(
    web_server: WebServer, addresses: list[str]
) -> None:
    def resolve(host: str) -> list[str]:
        return addresses

    async with open_home(web_server, hosts=("*",), private=False, resolve=resolve) as web:
        with pytest.raises(SourceNotAllowed, match=r"^127-0-0-1\.nip\.example: expected"):
            await web.stat(web_server.url("/a.jpg", "127-0-0-1.nip.example"))

    assert web_server.connections == 0


async def test_a_name_is_resolved_once_and_connected_to_where_it_was_checked(
    web_server: WebServer,
) -> None:
    answers = [["127.0.0.1"], ["169.254.169.254"]]
    web_server.will("/a.jpg", found(b"abc", then="close"))

    async with open_home(web_server, resolve=lambda host: answers.pop(0)) as web:
        blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)
        left = len(answers)
        with pytest.raises(SourceNotAllowed, match=r"169\.254\.169\.254 \(metadata\)"):
            await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert (blob.data, left) == (b"abc", 1)
    assert web_server.connections == 1


async def test_the_setting_lets_private_addresses_in(web_server: WebServer) -> None:
    web_server.will("/a.jpg", found(b"abc"))

    async with open_home(web_server, private=False) as web:
        with pytest.raises(SourceNotAllowed, match=r"img\.example.*127\.0\.0\.1.*ALLOW_PRIVATE=1"):
            await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)
    async with open_home(web_server, private=True) as web:
        blob = await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert blob.data == b"abc"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "location",
    [
        "/cats/b.jpg",
        "b.jpg",
        "../cats/b.jpg",
        "/cats/b.jpg#part",
        "//a.cdn.example:{port}/cats/b.jpg",
        "http://IMG.EXAMPLE.:{port}/cats/b.jpg",
        "HTTP://img.example:{port}/cats/b.jpg",
    ],
)
async def test_a_redirect_is_followed(
    web_server: WebServer, web: WebSource, status: int, location: str
) -> None:
    web_server.will("/cats/a.jpg", redirect(location.format(port=web_server.port), status))
    web_server.will("/cats/b.jpg", found(b"abc"))

    version = await web.stat(web_server.url("/cats/a.jpg"))
    blob = await web.fetch(web_server.url("/cats/a.jpg"), max_bytes=MB, version=version)

    assert blob.data == b"abc"
    assert web_server.asked == [
        *("HEAD /cats/a.jpg", "HEAD /cats/b.jpg"),
        *("GET /cats/a.jpg", "GET /cats/b.jpg"),
    ]


@pytest.mark.parametrize(
    ("location", "error"),
    [
        ("http://elsewhere.example:{port}/b.jpg", SourceNotAllowed),
        ("//elsewhere.example:{port}/b.jpg", SourceNotAllowed),
        ("http://img.example:1/b.jpg", SourceNotAllowed),
        ("http://img.example/b.jpg", SourceNotAllowed),
        ("https://img.example/b.jpg", SourceNotAllowed),
        ("http://127.0.0.1:{port}/b.jpg", SourceNotAllowed),
        ("http://2130706433:{port}/b.jpg", SourceUnavailable),
        ("http://[::1]:{port}/b.jpg", SourceNotAllowed),
        ("http://img.example:{port}@elsewhere.example/b.jpg", SourceUnavailable),
        ("http://user@img.example:{port}/b.jpg", SourceUnavailable),
        ("http://metadata.cdn.example:{port}/b.jpg", SourceNotAllowed),
        ("file:///etc/passwd", SourceUnavailable),
        ("file://host/etc/passwd", SourceNotAllowed),
        ("local:///b.jpg", SourceNotAllowed),
        ("s3://bucket/b.jpg", SourceNotAllowed),
        ("gopher://img.example:{port}/b.jpg", SourceNotAllowed),
        ("data:image/png;base64,AAAA", SourceUnavailable),
        ("javascript:alert(1)", SourceUnavailable),
        ("http://[", SourceUnavailable),
        ("http://", SourceUnavailable),
        ("/" + "b" * 8192, SourceUnavailable),
        ("", SourceUnavailable),
    ],
)
async def test_a_redirect_is_checked_as_the_first_url_was(
    web_server: WebServer, location: str, error: type[SourceError]
) -> None:
    web_server.will("/a.jpg", redirect(location.format(port=web_server.port)))
    web_server.will("/b.jpg", found(b"secret"))

    def resolve(host: str) -> list[str]:
        return ["169.254.169.254" if host.startswith("metadata") else "127.0.0.1"]

    async with open_home(web_server, resolve=resolve) as web:
        with pytest.raises(SourceError) as raised:
            await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert type(raised.value) is error
    assert set(web_server.asked) == {"GET /a.jpg"}


async def test_three_redirects_are_followed_and_no_more(
    web_server: WebServer, web: WebSource
) -> None:
    for number in range(4):
        web_server.will(f"/{number}", redirect(f"/{number + 1}"))
    web_server.will("/4", found(b"abc"))

    blob = await web.fetch(web_server.url("/1"), max_bytes=MB)
    with pytest.raises(SourceUnavailable, match="at most 3 redirects"):
        await web.fetch(web_server.url("/0"), max_bytes=MB)

    assert blob.data == b"abc"


async def test_a_redirect_in_a_circle_ends(web_server: WebServer, web: WebSource) -> None:
    web_server.will("/a.jpg", redirect("/b.jpg"))
    web_server.will("/b.jpg", redirect("/a.jpg"))

    with pytest.raises(SourceUnavailable, match="at most 3 redirects"):
        await web.stat(web_server.url("/a.jpg"))

    assert len(web_server.requests) == 4


async def test_no_cookie_goes_along_with_a_redirect(web_server: WebServer, web: WebSource) -> None:
    web_server.will("/a.jpg", redirect("/b.jpg", 302, "Set-Cookie: who=you; Path=/"))

    with pytest.raises(SourceNotFound):
        await web.fetch(web_server.url("/a.jpg"), max_bytes=MB)

    assert "cookie" not in web_server.requests[1].headers
