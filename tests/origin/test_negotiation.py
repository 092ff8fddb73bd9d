"""Which formats real clients get, and that no header can do harm."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.negotiation import (
    MAX_CHARACTERS,
    MAX_ELEMENTS,
    offered_formats,
    wants_problem_json,
)

AUTO = ("avif", "webp", "jxl")

BROWSERS = {
    "Chrome 124 <img>": (
        "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
        ("avif", "webp"),
    ),
    "Chrome 124 address bar": (
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
        "*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
        ("avif", "webp"),
    ),
    "Chrome 60 <img>": ("image/webp,image/apng,image/*,*/*;q=0.8", ("webp",)),
    "Firefox 128 <img>": (
        "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        ("avif", "webp"),
    ),
    "Firefox 92 <img>": ("image/avif,image/webp,*/*", ("avif", "webp")),
    "Firefox 65 <img>": ("image/webp,*/*", ("webp",)),
    "Firefox 60 <img>": ("*/*", ()),
    "Safari 17 <img>": (
        "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,"
        "image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
        ("avif", "webp", "jxl"),
    ),
    "Safari 14 <img>": (
        "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",
        ("webp",),
    ),
    "Safari 12 <img>": (
        "image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",
        (),
    ),
    "Internet Explorer 11 <img>": ("image/png, image/svg+xml, image/*;q=0.8, */*;q=0.5", ()),
    "Edge 18 <img>": ("image/png, image/svg+xml, image/*; q=0.8, */*; q=0.5", ()),
    "Opera 12": (
        "text/html, application/xml;q=0.9, application/xhtml+xml, image/png, image/webp, "
        "image/jpeg, image/gif, image/x-xbitmap, */*;q=0.1",
        ("webp",),
    ),
}

CRAWLERS = {
    "curl": "*/*",
    "wget": "*/*",
    "python-requests": "*/*",
    "Googlebot": (
        "text/html,application/xhtml+xml,application/signed-exchange;v=b3,"
        "application/xml;q=0.9,*/*;q=0.8"
    ),
    "Googlebot-Image": "*/*",
    "bingbot": "*/*",
    "facebookexternalhit": "*/*",
    "WhatsApp": "*/*",
    "Twitterbot": "*/*",
    "LinkedInBot": "image/*, */*",
    "Slackbot-LinkExpanding": "*/*",
    "Discordbot": "*/*",
    "TelegramBot": "image/*,*/*;q=0.8",
    "Applebot": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Outlook": "image/png, image/svg+xml, image/jpeg, image/*;q=0.8, */*;q=0.5",
}


@pytest.mark.parametrize(("accept", "expected"), BROWSERS.values(), ids=BROWSERS)
def test_browsers_get_the_formats_they_name(accept: str, expected: tuple[str, ...]) -> None:
    assert offered_formats(accept, AUTO) == expected


@pytest.mark.parametrize("accept", CRAWLERS.values(), ids=CRAWLERS)
def test_crawlers_are_offered_nothing_by_their_wildcards(accept: str) -> None:
    assert offered_formats(accept, AUTO) == ()


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("image/webp;q=0.9,image/avif;q=0.8", ("webp", "avif")),
        ("image/webp;q=0.001", ("webp",)),
        ("image/webp;q=1.000,image/avif;q=0.999", ("webp", "avif")),
        ("image/webp;q=1.", ("webp",)),
        ("image/jxl,image/webp,image/avif", ("avif", "webp", "jxl")),
        ("IMAGE/WebP;Q=0.5", ("webp",)),
        (" image/webp \t;\t q=0.5 , image/avif", ("avif", "webp")),
        ("image/webp;", ("webp",)),
        ("image/webp;;q=0.5;", ("webp",)),
        (",, ,image/webp,,", ("webp",)),
    ],
)
def test_weights_decide_and_ties_keep_the_servers_order(
    accept: str, expected: tuple[str, ...]
) -> None:
    assert offered_formats(accept, AUTO) == expected


@pytest.mark.parametrize(
    "accept",
    [
        "image/webp;q=0",
        "image/webp;q=0.000",
        "image/*,image/webp;q=0,*/*",
        "image/webp;q=0,image/webp",
        "image/webp,image/webp;q=0",
    ],
)
def test_a_refusal_holds_wherever_it_stands(accept: str) -> None:
    assert offered_formats(accept, AUTO) == ()


def test_a_range_cannot_refuse_what_is_named_beside_it() -> None:
    assert offered_formats("image/webp, image/*;q=0, */*;q=0", AUTO) == ("webp",)


def test_the_lowest_weight_of_a_repeated_type_counts_in_any_order() -> None:
    one = offered_formats("image/webp, image/avif;q=0.5, image/webp;q=0.1", AUTO)
    other = offered_formats("image/webp;q=0.1, image/avif;q=0.5, image/webp", AUTO)

    assert one == other == ("avif", "webp")


@pytest.mark.parametrize(
    "element",
    [
        "image/webp;q=1.5",
        "image/webp;q=-1",
        "image/webp;q=.5",
        "image/webp;q=0.1234",
        "image/webp;q=nan",
        "image/webp;q=1e0",
        "image/webp;q=\u0661",
        "image/webp;q=",
        "image/webp;q",
        "image/webp;q = 1",
        'image/webp;q="0.5"',
        "image/webp;q=0.5;q=0.7",
        "image/webp q=1",
        "image / webp",
        "image/webp/avif",
        "image/webp\n",
        "x-image/webp",
        "image/webp2",
        "webp",
        "image",
        '"image/webp"',
        '"',
        "\\",
        "é/webp",
    ],
)
def test_a_malformed_element_offers_nothing_and_spoils_nothing(element: str) -> None:
    assert offered_formats(element, AUTO) == ()
    assert offered_formats(f"image/avif,{element}", AUTO) == ("avif",)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ('text/x;a=", image/webp, ", image/avif', ("avif",)),
        ('text/x;a="\\", image/webp, ", image/avif', ("avif",)),
        ('text/x;a="unterminated, image/webp', ()),
        ('image/webp;a=";q=0"', ()),
        ("image/webp;level=1;q=0, image/webp", ("webp",)),
    ],
)
def test_quoted_text_is_no_element_and_a_parameter_names_a_narrower_type(
    accept: str, expected: tuple[str, ...]
) -> None:
    assert offered_formats(accept, AUTO) == expected


@pytest.mark.parametrize("accept", [None, "", " ", ",", "*", ";", "/"])
def test_nothing_said_is_nothing_offered(accept: str | None) -> None:
    assert offered_formats(accept, AUTO) == ()
    assert not wants_problem_json(accept)


def test_only_the_servers_formats_are_chosen() -> None:
    assert offered_formats("image/avif,image/webp,image/heic", ("webp",)) == ("webp",)
    assert offered_formats("image/avif,image/webp", ()) == ()


def test_an_element_cut_by_the_length_limit_is_dropped() -> None:
    tail = "image/webp;q=0"
    padding = "image/avif," + "x" * (MAX_CHARACTERS - len("image/avif,,image/webp")) + ","

    formats = offered_formats(padding + tail, AUTO)

    assert formats == ("avif",)


def test_elements_beyond_the_limit_are_not_read() -> None:
    accept = "a/b," * MAX_ELEMENTS + "image/webp"

    formats = offered_formats(accept, AUTO)

    assert formats == ()


@pytest.mark.parametrize(
    "unit", [";", " ", "; ", ';a="', '"', '\\"', "a/b;", "a=b;", "image/webp; ; ", "\t;\t"]
)
def test_no_repetition_makes_reading_slow(unit: str) -> None:
    accept = ("image/webp;" + unit * MAX_CHARACTERS)[: MAX_CHARACTERS - 1] + ","
    started = time.process_time()

    offered_formats(accept, AUTO)

    # Backtracking takes years here, reading well below a millisecond.
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/problem+json", True),
        ("application/json", True),
        ("Application/JSON", True),
        ("application/json;q=0.5, text/plain;q=0.4", True),
        ("application/json, */*;q=0.5", True),
        ("application/problem+json, application/json;q=0.1, text/html;q=0.5", True),
        ("application/problem+json;q=0, application/json", False),
        ("application/json, text/plain, */*", False),
        ("application/json;q=0.4, text/plain;q=0.5", False),
        ("application/json;q=0.9, text/*", False),
        ("application/json;q=0", False),
        ("application/json;q=2", False),
        ("application/json;charset=utf-8", False),
        ("application/*", False),
        ("*/*", False),
        (BROWSERS["Chrome 124 <img>"][0], False),
        (BROWSERS["Chrome 124 address bar"][0], False),
    ],
)
def test_problem_details_are_for_those_who_prefer_json(accept: str, expected: bool) -> None:
    assert wants_problem_json(accept) is expected


ELEMENTS = st.lists(
    st.one_of(
        st.sampled_from([f"image/{name}" for name in AUTO]),
        st.sampled_from(["*/*", "image/*", "image/webp;q=0.3", "image/webp;q=9", 'a/b;c=","', ""]),
    ),
    max_size=20,
)


@given(st.text(max_size=300))
def test_arbitrary_text_never_raises(accept: str) -> None:
    offered = offered_formats(accept, AUTO)

    assert set(offered) <= set(AUTO)
    assert wants_problem_json(accept) in (True, False)


@given(before=ELEMENTS, after=ELEMENTS, refused=st.sampled_from(AUTO), zero=st.integers(0, 3))
def test_a_refused_format_is_never_offered(
    before: list[str], after: list[str], refused: str, zero: int
) -> None:
    weight = "0" if zero == 0 else "0." + "0" * zero
    accept = ",".join([*before, f"image/{refused};q={weight}", *after])

    formats = offered_formats(accept, AUTO)

    assert refused not in formats


@given(elements=ELEMENTS, data=st.data())
def test_the_order_of_elements_does_not_matter(elements: list[str], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(elements))

    assert offered_formats(",".join(elements), AUTO) == offered_formats(",".join(shuffled), AUTO)
