"""Presets, chained pipelines, and what the server lays under every URL."""

from __future__ import annotations

import pytest

from transforms.dialects.imgproxy import Imgproxy
from transforms.errors import ForbiddenOption, PlanError
from transforms.plan import Plan

MARK = "wmu:bG9jYWw6Ly8vbWFyaw"


def parse(options: str, dialect: Imgproxy | None = None) -> Plan:
    return (dialect or Imgproxy()).parse(f"/{options}/plain/local:///cat.jpg".encode())


def same(options: str, dialect: Imgproxy, plain: str) -> bool:
    return parse(options, dialect) == parse(plain)


def test_a_preset_stands_for_its_options() -> None:
    dialect = Imgproxy({"thumb": "rs:fill:100:100/q:70"})

    assert same("pr:thumb", dialect, "rs:fill:100:100/q:70")
    assert same("preset:thumb", dialect, "rs:fill:100:100/q:70")


def test_a_preset_is_expanded_where_it_stands() -> None:
    dialect = Imgproxy({"thumb": "w:100/h:100"})

    assert same("w:5/pr:thumb/h:7", dialect, "w:100/h:7")


def test_presets_are_applied_one_after_the_other() -> None:
    dialect = Imgproxy({"one": "w:1/h:1", "two": "w:2"})

    assert same("pr:one:two", dialect, "w:2/h:1")
    assert same("pr:two:one", dialect, "w:1/h:1")


def test_presets_name_presets() -> None:
    dialect = Imgproxy({"outer": "w:1/pr:inner/q:5", "inner": "h:2/w:3"})

    assert same("pr:outer", dialect, "w:3/h:2/q:5")


def test_a_preset_that_names_itself_is_passed_over() -> None:
    dialect = Imgproxy({"a": "w:1/pr:b", "b": "h:2/pr:a:b"})

    assert same("pr:a", dialect, "w:1/h:2")
    assert same("pr:a:a", dialect, "w:1/h:2")


def test_the_default_preset_comes_before_every_url() -> None:
    dialect = Imgproxy({"default": "q:50/w:100"})

    assert same("w:5", dialect, "q:50/w:5")
    assert dialect.parse(b"/plain/local:///cat.jpg") == parse("q:50/w:100")


def test_the_base_comes_before_the_default_preset() -> None:
    dialect = Imgproxy({"default": "q:50"}, base="q:40/sm:0")

    assert same("cb:", dialect, "q:50/sm:0")


def test_spaces_and_slashes_around_a_preset_mean_nothing() -> None:
    dialect = Imgproxy({"thumb": " /w:100/h:50/ "})

    assert same("pr:thumb", dialect, "w:100/h:50")


@pytest.mark.parametrize(
    ("presets", "told"),
    [
        ({"bad": "w:-1"}, 'preset "bad": w: width: expected a whole number'),
        ({"bad": "nope:1"}, 'preset "bad": "nope" is not an option'),
        ({"bad": "w:1/hello"}, '"hello" is not an option with arguments'),
        ({"bad": ""}, '"" is not an option with arguments'),
        ({"bad": "w:1//h:1"}, '"" is not an option with arguments'),
        ({"bad": "pr:missing"}, 'there is no preset "missing"'),
        ({"bad": "ex:1:sm"}, "here not sm"),
        ({"good": "w:1", "bad": "h:x"}, 'preset "bad"'),
        ({"bad": "plain/local:///x"}, '"plain" is not an option with arguments'),
    ],
)
def test_presets_are_read_when_the_server_starts(presets: dict[str, str], told: str) -> None:
    with pytest.raises(PlanError) as refused:
        Imgproxy(presets)

    assert told in str(refused.value)


def test_a_base_that_cannot_be_read_stops_the_start_too() -> None:
    with pytest.raises(PlanError, match="q: quality"):
        Imgproxy(base="q:500")


def test_presets_hold_no_security_options_unless_urls_may() -> None:
    presets = {"small": "mrd:100"}

    with pytest.raises(ForbiddenOption, match='preset "small": mrd'):
        Imgproxy(presets)
    assert Imgproxy(presets, security_options=True)


def test_a_preset_may_need_something_from_the_url() -> None:
    dialect = Imgproxy({"mark": "wm:0.5:soea"})

    assert same(f"pr:mark/{MARK}", dialect, f"wm:0.5:soea/{MARK}")
    with pytest.raises(PlanError, match="no picture to lay over"):
        parse("pr:mark", dialect)


def test_the_servers_watermark_reaches_every_pipeline() -> None:
    dialect = Imgproxy({"mark": "wm:0.5"}, base=MARK)

    assert same("pr:mark", dialect, f"wm:0.5/{MARK}")
    assert same("w:5/-/wm:1", dialect, f"w:5/-/{MARK}/wm:1")
    assert parse("w:5", dialect) == parse("w:5")


def test_a_blank_argument_goes_back_to_the_servers_setting() -> None:
    dialect = Imgproxy(base=MARK)

    assert same("wmu:bG9jYWw6Ly8veA/wmu:/wm:1", dialect, f"wm:1/{MARK}")


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/thumb/plain/x", "/w:100/plain/x"),
        ("/thumb:soft/plain/x@png", "/w:100/bl:2/plain/x@png"),
        ("/thumb/eA", "/w:100/plain/x"),
        ("/fit/plain/x", "/rs:fit:5:5/plain/x"),
    ],
)
def test_where_only_presets_are_allowed_the_first_segment_names_them(path: str, plain: str) -> None:
    presets = {"thumb": "w:100", "soft": "bl:2", "fit": "rs:fit:5:5"}

    plan = Imgproxy(presets, only_presets=True).parse(path.encode())

    assert plan == Imgproxy().parse(plain.encode())


@pytest.mark.parametrize(
    "path", ["/w:100/plain/x", "/plain/x", "/thumb:/plain/x", "//plain/x", "/:/plain/x", "/", ""]
)
def test_where_only_presets_are_allowed_anything_else_is_refused(path: str) -> None:
    dialect = Imgproxy({"thumb": "w:100"}, only_presets=True)

    with pytest.raises(PlanError, match="there is no preset"):
        dialect.parse(path.encode())


def test_where_only_presets_are_allowed_there_must_be_a_source() -> None:
    dialect = Imgproxy({"thumb": "w:100"}, only_presets=True)

    with pytest.raises(PlanError, match="the source is missing"):
        dialect.parse(b"/thumb")


def test_pipelines_have_their_own_settings_but_one_output() -> None:
    plan = parse("w:400/q:50/-/w:300/f:webp/-/bl:2/q:60")

    assert plan.canonical() == (
        "output(format=webp,quality=60)/resize(width=400)/-/resize(width=300)/-/blur(sigma=2.0)"
        "/source:local:///cat.jpg"
    )


def test_a_presets_pipelines_are_laid_over_those_of_the_url() -> None:
    dialect = Imgproxy({"t": "w:300/h:300/-/w:200/h:200/-/w:100/h:200"})

    assert same(
        "w:400/-/pr:t/w:500/-/w:600", dialect, "w:400/-/w:500/h:300/-/w:600/h:200/-/w:100/h:200"
    )


def test_an_option_of_one_pipeline_says_nothing_to_another() -> None:
    one = parse("c:50:50/g:no/-/c:20:20")

    assert one == parse("c:50:50:no/-/c:20:20:ce")


def test_there_may_be_a_limited_number_of_pipelines() -> None:
    dialect = Imgproxy(max_pipelines=3)

    assert parse("w:1/-/w:2/-/w:3/-", dialect) == parse("w:1/-/w:2/-/w:3")
    with pytest.raises(PlanError, match="at most 3 chained pipelines"):
        parse("w:1/-/w:2/-/w:3/-/w:4", dialect)
