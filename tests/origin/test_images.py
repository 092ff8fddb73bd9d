"""Images through the whole application: what comes back, in which format, for how long."""

from __future__ import annotations

import os
import time

import pytest

from signing.keys import KeyPair
from tests.origin.live import CHROME, SAFARI, Origin, kind_of, photo, signed, size_of
from transforms.references import write_base64

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_signed_url_comes_back_as_the_picture_it_asks_for(opened: Origin) -> None:
    source = opened.put(photo(60, 40))

    answer = await opened.get(f"/rs:fill:20:20/plain/{source}@png")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert (kind_of(answer.content), size_of(answer.content)) == ("png", (20, 20))
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_a_base64_source_is_the_same_picture_as_a_plain_one(opened: Origin) -> None:
    source = opened.put(photo())

    plain = await opened.get(f"/w:20/plain/{source}@webp")
    encoded = await opened.get(f"/w:20/{write_base64(source)}.webp")

    assert encoded.content == plain.content
    assert encoded.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (CHROME, "avif"),
        (SAFARI, "webp"),
        ("image/avif", "avif"),
        ("image/webp;q=0.9,image/avif;q=0.8", "webp"),
        ("*/*", "jpeg"),
        ("image/*", "jpeg"),
        (None, "jpeg"),
        ("", "jpeg"),
        ("image/avif;q=0,image/webp;q=0", "jpeg"),
        ("image/avif;q=2", "jpeg"),
        (";;;,,,/;q=", "jpeg"),
        ("image/web", "jpeg"),
        ("image/webp," * 1000, "webp"),
        ("x" * 8192, "jpeg"),
    ],
)
async def test_the_format_is_the_best_that_the_client_names(
    opened: Origin, accept: str | None, kind: str
) -> None:
    source = opened.put(photo(64, 64))

    answer = await opened.get(f"/w:32/plain/{source}", {} if accept is None else {"accept": accept})

    assert kind_of(answer.content) == kind
    assert answer.headers["content-type"] == f"image/{kind}"
    assert answer.headers["vary"] == "Accept"


async def test_an_accept_of_several_lines_is_one_list(opened: Origin) -> None:
    target = signed(f"/w:32/plain/{opened.put(photo(64, 64))}")

    answer = await opened.send(
        "GET", target, [("accept", "text/html"), ("accept", "image/webp"), ("accept", "*/*")]
    )

    assert kind_of(answer.content) == "webp"


async def test_a_client_that_names_a_format_gets_it_whatever_it_accepts(opened: Origin) -> None:
    source = opened.put(photo(64, 64))

    answers = [
        await opened.get(f"/w:32/f:png/plain/{source}", {"accept": accept})
        for accept in (CHROME, SAFARI, "*/*")
    ]

    assert {kind_of(answer.content) for answer in answers} == {"png"}
    assert {answer.headers["etag"] for answer in answers} == {answers[0].headers["etag"]}
    assert [answer.headers.get("vary") for answer in answers] == [None] * 3


async def test_without_automatic_formats_nothing_varies(opened: Origin) -> None:
    plain = opened.having(auto_formats=())

    answer = await plain.get(f"/w:32/plain/{plain.put(photo())}", {"accept": CHROME})

    assert kind_of(answer.content) == "jpeg"
    assert "vary" not in answer.headers


@pytest.mark.parametrize("accept", [CHROME, "*/*"])
@pytest.mark.parametrize("end", ["", "@png"])
async def test_a_head_has_all_headers_of_the_get_and_no_body(
    opened: Origin, accept: str, end: str
) -> None:
    path = f"/w:32/fn:cat/plain/{opened.put(photo())}{end}"
    headers = {"accept": accept, "x-request-id": "same"}

    get, head = await opened.get(path, headers), await opened.head(path, headers)

    assert head.status_code == 200
    assert head.headers.pop("cache-status") == "safelight-memory; hit"
    assert get.headers.pop("cache-status") == "safelight-memory; fwd=uri-miss; stored"
    assert head.headers.multi_items() == get.headers.multi_items()
    assert (head.content, bool(get.content)) == (b"", True)


async def test_a_good_answer_may_be_kept_for_a_year_and_served_stale(opened: Origin) -> None:
    headers = (await opened.get(f"/w:32/plain/{opened.put(photo())}@png")).headers

    assert headers["cache-control"].startswith("public, max-age=31536000, stale-while-revalidate=")
    assert "stale-if-error=" in headers["cache-control"]
    assert "s-maxage" not in headers["cache-control"]
    assert headers["cdn-cache-control"] == headers["cache-control"]
    assert "last-modified" in headers


async def test_a_lifetime_of_nothing_means_to_ask_every_time(opened: Origin) -> None:
    brief = opened.having(ttl=0)

    headers = (await brief.get(f"/w:32/plain/{brief.put(photo())}@png")).headers

    assert headers["cache-control"] == headers["cdn-cache-control"] == "no-cache"
    assert "etag" in headers


async def test_no_cache_keeps_a_picture_longer_than_its_url(opened: Origin) -> None:
    end = int(time.time()) + 3600

    answer = await opened.get(f"/exp:{end}/w:32/plain/{opened.put(photo())}@png")

    age = int(answer.headers["cache-control"].partition("max-age=")[2].partition(",")[0])
    assert 3000 < age <= 3600
    assert "stale" not in answer.headers["cache-control"]


async def test_a_url_whose_time_is_over_is_gone(opened: Origin) -> None:
    answer = await opened.get(f"/exp:{int(time.time()) - 5}/plain/{opened.put(photo())}@png")

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (410, "expired")
    assert answer.headers["cache-control"] == "no-store"


async def test_an_etag_is_strong_and_the_same_for_the_same_result(opened: Origin) -> None:
    source = opened.put(photo())
    same = [
        await opened.get(f"/w:32/q:50/plain/{source}@webp"),
        await opened.get(f"/q:50/w:32/plain/{source}@webp"),
        await opened.get(f"/quality:50/width:32/f:webp/plain/{source}"),
        await opened.get(f"/w:32/q:50/exp:{int(time.time()) + 60}/plain/{source}@webp"),
        await opened.get(f"/w:32/q:50/fn:name/att:1/plain/{source}@webp"),
        await opened.send("GET", signed(f"/w:32/q:50/plain/{source}@webp") + "?utm=1#x"),
        await opened.send(
            "GET", signed(f"/w:32/q:50/plain/{source}@webp"), {"host": "other.example"}
        ),
    ]

    assert {answer.status_code for answer in same} == {200}
    assert len({answer.headers["etag"] for answer in same}) == 1
    assert same[0].headers["etag"][0] == same[0].headers["etag"][-1] == '"'


async def test_an_etag_does_not_tell_which_key_signed(opened: Origin) -> None:
    other = KeyPair(b"another key", b"another salt")
    path = f"/w:32/plain/{opened.put(photo())}@png"
    scheme = opened.services.rules.scheme
    both = type(scheme)((*scheme.pairs, other))  # type: ignore[attr-defined,call-arg]

    answers = [
        await opened.trusting(both).send("GET", target)
        for target in (signed(path), signed(path, other))
    ]

    assert answers[0].headers["etag"] == answers[1].headers["etag"]


async def test_an_etag_differs_with_everything_that_changes_the_result(opened: Origin) -> None:
    source, other = opened.put(photo()), opened.put(photo(seed=9))

    answers = [
        await opened.get(f"/w:32/plain/{source}", {"accept": CHROME}),
        await opened.get(f"/w:32/plain/{source}", {"accept": SAFARI}),
        await opened.get(f"/w:32/plain/{source}", {"accept": "*/*"}),
        await opened.get(f"/w:33/plain/{source}"),
        await opened.get(f"/w:32/q:50/plain/{source}"),
        await opened.get(f"/w:32/cb:2/plain/{source}"),
        await opened.get(f"/w:32/plain/{other}"),
    ]

    assert len({answer.headers["etag"] for answer in answers}) == len(answers)


async def test_an_etag_changes_when_the_source_does(opened: Origin) -> None:
    source = opened.put(photo(), "changing.jpg")
    before = await opened.get(f"/w:32/plain/{source}@png")

    opened.put(photo(seed=9), "changing.jpg")
    after = await opened.get(f"/w:32/plain/{source}@png")

    assert before.headers["etag"] != after.headers["etag"]
    assert before.content != after.content


async def test_a_result_no_smaller_than_its_source_is_answered_with_the_source(
    opened: Origin,
) -> None:
    data = photo(400, 300)
    source = opened.put(data, "small.jpg")

    answer = await opened.get(f"/q:100/plain/{source}@jpg")

    assert answer.headers["x-safelight-chosen"] == "source"
    assert len(answer.content) <= len(data)


async def test_a_watermark_is_fetched_and_is_part_of_the_etag(opened: Origin) -> None:
    mark = opened.put(photo(10, 10, kind="PNG"), "mark.png")
    path = f"/w:32/wm:1:ce/wmu:{write_base64(mark)}/plain/{opened.put(photo(64, 64))}@png"
    plain = await opened.get(path.replace("/wm:1:ce", ""))
    before = await opened.get(path)

    opened.put(photo(10, 10, kind="PNG", seed=99), "mark.png")
    after = await opened.get(path)

    assert before.content not in (plain.content, after.content)
    assert before.headers["etag"] != after.headers["etag"]


async def test_a_watermark_that_is_missing_is_a_missing_source(opened: Origin) -> None:
    mark = write_base64("local:///no-mark.png")

    answer = await opened.get(f"/wm:1/wmu:{mark}/plain/{opened.put(photo())}@png")

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (404, "source_not_found")


async def test_last_modified_is_the_latest_of_all_that_goes_in(opened: Origin) -> None:
    mark, source = opened.put(photo(9, 9)), opened.put(photo())
    for reference, moment in ((mark, 1_000_000_000), (source, 900_000_000)):
        name = reference.removeprefix("local:///")
        os.utime(opened.root / name, (moment, moment))

    answer = await opened.get(f"/w:20/wm:1/wmu:{write_base64(mark)}/plain/{source}@png")

    assert answer.headers["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"


@pytest.mark.parametrize(
    ("options", "disposition"),
    [
        ("", 'inline; filename="my cat.png"'),
        ("fn:holiday/", 'inline; filename="holiday.png"'),
        ("fn:holiday/att:1/", 'attachment; filename="holiday.png"'),
        ("fn:K%C3%A4se/", "inline; filename=\"K_se.png\"; filename*=UTF-8''K%C3%A4se.png"),
        ("fn:a%0D%0ASet-Cookie=b/", 'inline; filename="a Set-Cookie=b.png"'),
        (f"fn:{write_base64('a: b')}:1/", 'inline; filename="a_ b.png"'),
        ("fn:%22%3B%20x=%22/", None),
        ("fn:..%2F..%2Fetc%2Fpasswd/", None),
        (f"fn:{write_base64('日本')}:1/", None),
    ],
)
async def test_a_picture_has_a_name_that_can_do_no_harm(
    opened: Origin, options: str, disposition: str | None
) -> None:
    opened.put(photo(), "my cat.jpg")

    answer = await opened.get(f"/{options}w:20/plain/local:///my%20cat.jpg@png")

    value = answer.headers["content-disposition"]
    assert answer.status_code == 200
    assert disposition in (None, value)
    assert value.isascii()
    assert not set("\r\n\\") & set(value)
    assert "set-cookie" not in answer.headers
    assert value.count('"') == 2
