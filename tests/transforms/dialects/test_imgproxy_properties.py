"""What holds for any path whatever."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import PlanError
from transforms.plan import Plan
from transforms.terms import TERMS

PRESETS = {"default": "q:70", "thumb": "rs:fill:100:100/-/bl:2", "loop": "pr:loop/pr:thumb"}
DIALECTS = [
    Imgproxy(),
    Imgproxy(PRESETS, security_options=True, base="wmu:bG9jYWw6Ly8vbWFyaw"),
    Imgproxy(PRESETS, only_presets=True),
    Imgproxy(file_names=True),
]

WORDS = sorted(
    {word for group in TERMS.values() for one in group.spellings for word in one.words} | {"pr"}
)
arguments = st.one_of(
    st.integers(-5, 5000).map(str),
    st.floats().map(repr),
    st.sampled_from(
        ["", "0", "1", "t", "no", "sm", "fp", "ce", "re", "fill", "jpg", "webp", "f00", "thumb"]
    ),
    st.sampled_from(["loop", "1e400", "5e-324", "-0", "NaN", "9" * 50, "٣", "\x00", "%2F", "YQ"]),
    st.text(max_size=5),
)
options = st.builds(
    lambda word, given: ":".join([word, *given]),
    st.sampled_from(WORDS),
    st.lists(arguments, max_size=8),
)
segments = options | st.sampled_from(["-", "", "plain", "enc", "fit", "bG9jYWw6Ly8veA", "a@b"])
paths = st.lists(segments, max_size=8).map(lambda parts: "/" + "/".join(parts))
sources = st.sampled_from(["", "/plain/local:///x", "/plain/x@webp", "/bG9jYWw6Ly8veA.png"])


def parsed_or_refused(dialect: Imgproxy, path: bytes) -> Plan | None:
    try:
        return dialect.parse(path)
    except PlanError:
        return None


@pytest.mark.parametrize("dialect", DIALECTS)
@given(path=st.binary(max_size=200))
def test_any_bytes_give_a_plan_or_say_why_not(dialect: Imgproxy, path: bytes) -> None:
    parsed_or_refused(dialect, path)


@pytest.mark.parametrize("dialect", DIALECTS)
@settings(max_examples=300)
@given(path=paths, source=sources)
@example(path="/z:5e-324", source="/plain/x")
@example(path="/fn:%ff", source="/plain/x")
def test_anything_like_a_url_gives_a_plan_or_says_why_not(
    dialect: Imgproxy, path: str, source: str
) -> None:
    plan = parsed_or_refused(dialect, f"{path}{source}".encode(errors="replace"))

    if plan:
        assert plan.canonical()
        assert hash(plan) == hash(plan)
        assert plan.assets is not None


@pytest.mark.parametrize("option", WORDS)
@settings(max_examples=40)
@given(given_arguments=st.lists(arguments, max_size=8))
def test_any_arguments_of_any_option_give_a_plan_or_say_why_not(
    option: str, given_arguments: list[str]
) -> None:
    words = ":".join([option, *given_arguments])

    parsed_or_refused(DIALECTS[1], f"/{words}/plain/x".encode(errors="replace"))


@pytest.mark.parametrize(
    "path",
    [
        "/" + "w:1/" * 2000 + "plain/x",
        "/" + "-/" * 4000 + "plain/x",
        "/" + "/" * 8000,
        "/" + "w:" + ":" * 8000 + "/plain/x",
        "/" + "w:" + "9" * 8000 + "/plain/x",
        "/bl:0." + "0" * 8000 + "1/plain/x",
        "/bl:1e" + "9" * 8000 + "/plain/x",
        "/skp" + ":png" * 2000 + "/plain/x",
        "/" + "skp:png/" * 1000 + "plain/x",
        "/fq" + ":png:1" * 1300 + "/plain/x",
        "/" + "fq:png:1/" * 800 + "plain/x",
        "/cb:" + "x" * 8000 + "/plain/x",
        "/fn:" + "%20" * 2600 + "/plain/x",
        "/pr" + ":thumb" * 1300 + "/plain/x",
        "/pr" + ":loop" * 1600 + "/plain/x",
        "/plain/" + "%41" * 2600,
        "/plain/" + "%" * 8000,
        "/plain/" + "@" * 8000,
        "/" + "YWFh" * 2000,
        "/" + "YQ/" * 2600,
        "/" + "=" * 8000,
        "/" + "." * 8000,
        "/w:1/" + "a" * 8000 + "/plain/x",
    ],
    ids=lambda path: path[:12],
)
def test_long_paths_are_read_in_bounded_time(path: str) -> None:
    started = time.process_time()

    parsed_or_refused(DIALECTS[1], path.encode())

    # Some milliseconds; the bound leaves room for a busy machine, not for a square.
    assert time.process_time() - started < 0.5
