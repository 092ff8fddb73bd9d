"""The application around images: methods, other paths, and the headers of every answer."""

from __future__ import annotations

import httpx
import pytest
from starlette.types import Message

from tests.origin.live import Origin, photo, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.mark.parametrize(
    ("method", "target", "status"),
    [
        ("GET", "/health", 200),
        ("HEAD", "/health", 200),
        ("GET", "/robots.txt", 200),
        ("GET", "/favicon.ico", 404),
        ("GET", "/", 403),
        ("GET", "/nothing", 403),
        ("GET", "/no/such%0Athing", 403),
        ("HEAD", "/nothing", 403),
        ("OPTIONS", "/any/path", 204),
        ("OPTIONS", "/any/path%0Aor%0Dother", 204),
        ("POST", "/any/path", 405),
        ("PUT", "/health", 405),
        ("DELETE", "/favicon.ico", 405),
        ("BREW", "/any/path", 405),
    ],
)
async def test_every_answer_is_safe_and_readable_and_never_kept_by_mistake(
    opened: Origin, method: str, target: str, status: int
) -> None:
    answer = await opened.send(method, target)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("sandbox")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "x-request-id" in answer.headers
    if status >= 400:
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-safelight-error"]
    if method == "HEAD":
        assert answer.content == b""


async def test_a_wrong_method_is_told_the_right_ones(opened: Origin) -> None:
    answer = await opened.send("POST", "/any/path")

    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert answer.headers["x-safelight-error"] == "method_not_allowed"


async def test_a_browser_may_ask_first(opened: Origin) -> None:
    headers = {"origin": "https://page.example", "access-control-request-method": "GET"}

    answer = await opened.send("OPTIONS", "/any/path", headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "*"
    assert int(answer.headers["access-control-max-age"]) > 0


async def test_several_allowed_origins_are_named_one_by_one(opened: Origin) -> None:
    strict = opened.having(cors="https://a.example, https://b.example")
    path = f"/w:20/plain/{strict.put(photo())}"

    allowed = await strict.get(path, {"origin": "https://b.example"})
    other = await strict.get(path, {"origin": "https://evil.example"})

    assert allowed.headers["access-control-allow-origin"] == "https://b.example"
    assert "access-control-allow-origin" not in other.headers
    assert {allowed.headers["vary"], other.headers["vary"]} == {"Origin, Accept"}


async def test_an_error_that_nobody_foresaw_tells_nothing_and_is_safe_too(opened: Origin) -> None:
    answer = await opened.without_workers().get(f"/w:20/plain/{opened.put(photo())}@png")

    assert answer.status_code == 500
    assert answer.headers["x-safelight-error"] == "internal"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text == "Internal error\n"


async def test_a_query_is_no_part_of_what_is_signed(opened: Origin) -> None:
    target = signed(f"/w:20/plain/{opened.put(photo())}@png")

    answers = [await opened.send("GET", target + query) for query in ("", "?", "?v=2", "?a/b:c")]

    assert [answer.status_code for answer in answers] == [200] * 4
    assert len({answer.headers["etag"] for answer in answers}) == 1


@pytest.mark.parametrize(
    "target",
    [
        "/{signature}/w:20/plain/local:///dot/../verified.jpg@png",
        "/{signature}/w:20/plain/local:////verified.jpg@png",
        "/{signature}//w:20/plain/local:///verified.jpg@png",
        "//{signature}/w:20/plain/local:///verified.jpg@png",
        "/{signature}/w:20/plain/local:%2F%2F%2Fverified.jpg@png",
        "/{signature}/w:20/plain/local:///verified%2Ejpg@png",
        "/{signature}/w:20/plain/local:///verified.jpg@png/",
        "/%61{signature}/w:20/plain/local:///verified.jpg@png",
        "/{signature}%3D/w:20/plain/local:///verified.jpg@png",
        "/{signature}=/w:20/plain/local:///verified.jpg@png",
        "/{signature}%00/w:20/plain/local:///verified.jpg@png",
    ],
)
async def test_only_the_bytes_that_were_signed_pass(opened: Origin, target: str) -> None:
    opened.put(photo(), "verified.jpg")
    path = "/w:20/plain/local:///verified.jpg@png"
    signature = signed(path).removesuffix(path)[1:]

    fine = await raw(opened, f"/{signature}{path}".encode())
    wrong = await raw(opened, target.format(signature=signature).encode())

    assert (fine, wrong) == (200, 403)


async def test_escapes_in_the_signature_are_not_decoded(opened: Origin) -> None:
    path = f"/w:20/plain/{opened.put(photo())}@png"
    signature = signed(path).removesuffix(path)[1:]
    escaped = f"/%{ord(signature[0]):02X}{signature[1:]}{path}"

    assert await raw(opened, escaped.encode()) == 403


async def test_an_escaped_slash_of_a_source_is_signed_as_it_is_sent(opened: Origin) -> None:
    (opened.root / "folder").mkdir(exist_ok=True)
    opened.put(photo(), "folder/deep.jpg")

    answers = [
        await raw(opened, signed(f"/w:20/plain/local:{slashes}folder{slash}deep.jpg@png").encode())
        for slashes, slash in (("///", "/"), ("///", "%2F"), ("%2F%2F%2F", "%2f"))
    ]

    assert answers == [200] * 3


async def test_a_line_break_in_a_signed_path_is_an_error_of_that_path(opened: Origin) -> None:
    answer = await opened.get("/w:20/plain/local:///a%0Ab.jpg")

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (400, "source_reference")


async def raw(opened: Origin, path: bytes) -> int:
    """The status for a path that httpx would tidy up."""
    started: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        started.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": httpx.URL("http://h").copy_with(raw_path=path).path,
        "raw_path": path,
        "query_string": b"",
        "headers": [],
    }
    await opened.transport.app(scope, receive, send)
    return int(started[0]["status"])
