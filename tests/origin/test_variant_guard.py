"""Few results of one source, whatever sizes are asked for and however many."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.config_file import ConfigFile
from origin.errors import TooManyVariants
from origin.rules import make_dialect
from origin.settings import SettingsError, read_settings
from origin.variant_guard import Laddered, VariantBudget, snapped
from tests.origin.live import CHROME, Origin, photo, size_of
from tests.origin.variant_world import open_world
from transforms.dialects.imgproxy import Imgproxy
from transforms.operations.resize import Resize
from transforms.plan import Plan

LADDER = (320, 640, 960, 1920)


def plan(options: str) -> Plan:
    return Imgproxy().parse(f"/{options}/plain/local:///a.jpg".encode())


def resize(options: str, ladder: tuple[int, ...] = LADDER) -> Resize:
    """The only one of the plan on the ladder."""
    ops = snapped(plan(options), ladder).pipelines[0]
    (found,) = (op for op in ops if isinstance(op, Resize))
    return found


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("w:1", "w:320"),
        ("w:320", "w:320"),
        ("w:321", "w:640"),
        ("w:99999", "w:1920"),
        ("h:100", "h:320"),
        ("h:5000", "h:1920"),
        ("rs:fill:300:200", "rs:fill:320:213"),
        ("rs:fill:640:800", "rs:fill:640:800"),
        ("rs:force:1000:10", "rs:force:1920:19"),
        ("rs:force:10000:1", "rs:force:1920:1"),
        # No side is larger than the largest step.
        ("rs:fit:640:3000", "rs:fit:410:1920"),
        ("rs:fit:1:1000000", "rs:fit:1:1920"),
        ("w:200/mw:300/mh:700", "w:320/mw:320/mh:747"),
        ("mw:100", "mw:320"),
        ("w:300/el:1/g:no", "w:320/el:1/g:no"),
    ],
)
def test_sizes_go_up_to_the_next_step(asked: str, given: str) -> None:
    assert snapped(plan(asked), LADDER) == plan(given)


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("w:160/dpr:2", "w:320"),
        ("w:300/dpr:2", "w:640"),
        ("w:300/dpr:1.1", "w:640"),
        ("w:640/dpr:0.5", "w:320"),
        ("w:100/z:3", "w:320"),
        ("w:100/z:3/dpr:2", "w:640"),
        ("rs:fill:300:200/dpr:2", "rs:fill:640:427"),
        # Unequal zooms are no mere size.
        ("w:100/z:3:2", "w:320/z:3:2"),
        ("w:200/g:fp:0.1:0.2/dpr:2", "w:640/g:fp:0.1:0.2"),
        ("w:200/bl:3/dpr:2/wm:0.5/wmu:bS5wbmc", "w:640/bl:3/wm:0.5/wmu:bS5wbmc"),
    ],
)
def test_the_device_pixel_ratio_and_the_zoom_become_part_of_the_width(
    asked: str, given: str
) -> None:
    assert snapped(plan(asked), LADDER) == plan(given)


def test_in_tenths_a_width_is_the_step_that_it_is_in_pixels() -> None:
    assert resize("w:300/dpr:1.1", (330, 500)).width == 330


@pytest.mark.parametrize(
    "ratio_matters", ["pd:10", "ex:1:no:5:5", "g:no:5:5", "wm:0.5:no:5:5/wmu:bG9jYWw6Ly8vbS5wbmc"]
)
def test_where_anything_else_goes_by_the_ratio_it_stays(ratio_matters: str) -> None:
    found = {resize(f"rs:fill:{width}:200/dpr:2/{ratio_matters}") for width in range(161, 321)}

    assert {(one.width, one.dpr) for one in found} == {(320, 2.0)}


@pytest.mark.parametrize("options", ["q:80", "bl:3", "c:500:300", "dpr:2", "raw:1", "z:0.5"])
def test_what_names_no_size_stays_as_it_is(options: str) -> None:
    assert snapped(plan(options), LADDER) == plan(options)


def test_every_pipeline_is_on_the_ladder_and_presets_are_kept() -> None:
    chained = replace(plan("w:300/-/w:100"), presets=frozenset({"thumb"}))

    assert snapped(chained, LADDER) == plan("w:320/-/w:320")
    assert snapped(chained, LADDER).presets == {"thumb"}


def test_without_a_ladder_the_plan_is_the_same_one() -> None:
    asked = plan("w:300")

    assert snapped(asked, ()) is asked


@given(
    st.integers(0, 1_000_000),
    st.integers(0, 1_000_000),
    st.floats(0.001, 100),
    st.floats(0.001, 100),
    st.lists(st.integers(1, 100_000), min_size=1, max_size=8, unique=True).map(sorted),
    st.sampled_from(["", "/pd:3", "/mw:17"]),
)
def test_any_size_ends_on_the_ladder_or_below_its_end_and_stays_there(
    width: int, height: int, dpr: float, zoom: float, ladder: list[int], more: str
) -> None:
    asked = plan(f"w:{width}/h:{height}/dpr:{dpr:.6f}/z:{zoom:.6f}{more}")

    once = snapped(asked, ladder)

    for op in itertools.chain(*once.pipelines):
        if isinstance(op, Resize) and op.dpr == 1 and any((op.width, op.height)):
            assert max(op.width, op.height) <= ladder[-1]
            assert not op.width or op.width in ladder or op.height == ladder[-1]
    if not more.startswith("/pd"):
        assert snapped(once, ladder) == once


@pytest.mark.usefixtures("environment")
class TestSettings:
    def test_the_ladder_is_read_in_any_order(self, environment: pytest.MonkeyPatch) -> None:
        environment.setenv("SAFELIGHT_WIDTHS", "640, 320,640,,1280")

        assert read_settings().widths == (320, 640, 1280)

    @pytest.mark.parametrize("text", ["0", "320,wide", "-1", "100001", "1.5"])
    def test_what_is_no_size_is_refused(self, environment: pytest.MonkeyPatch, text: str) -> None:
        environment.setenv("SAFELIGHT_WIDTHS", text)

        with pytest.raises(SettingsError, match=r"^SAFELIGHT_WIDTHS: "):
            read_settings()

    def test_the_dialect_has_it_only_if_it_is_set(self) -> None:
        assert isinstance(make_dialect(read_settings(widths="320"), ConfigFile()), Laddered)
        assert isinstance(make_dialect(read_settings(), ConfigFile()), Imgproxy)


class TestBudget:
    def test_so_many_different_ones_are_begun_and_the_same_ones_again(self) -> None:
        budget = VariantBudget(2, clock=lambda: 0.0)

        for variant in ("w:1", "w:2", "w:1", "w:2"):
            budget.spend("local:///a.jpg", variant)
        budget.spend("local:///b.jpg", "w:3")

        with pytest.raises(TooManyVariants, match=r"at most 2 .*SAFELIGHT_MAX_VARIANTS"):
            budget.spend("local:///a.jpg", "w:3")

    def test_a_new_day_begins_at_midnight(self) -> None:
        now = [86_399.0]
        budget = VariantBudget(1, clock=lambda: now[0])
        budget.spend("a", "1")

        now[0] += 1

        budget.spend("a", "2")
        with pytest.raises(TooManyVariants):
            budget.spend("a", "1")

    def test_however_many_sources_there_are_memory_is_bounded(self) -> None:
        budget = VariantBudget(1, max_hashes=1100, clock=lambda: 0.0)

        for number in range(1000):
            budget.spend(str(number), "1")

        budget.spend("0", "2")
        with pytest.raises(TooManyVariants):
            budget.spend("999", "2")


@pytest.mark.asyncio(loop_scope="session")
class TestApplication:
    async def test_ten_thousand_widths_are_as_many_renders_as_there_are_steps(
        self, opened: Origin, tmp_path: Path
    ) -> None:
        async with open_world(opened.services, tmp_path, widths=LADDER) as world:
            world.put("local:///a.jpg")

            answers = [
                await world.get(f"/w:{width}/plain/local:///a.jpg@png")
                for width in range(1, 10_001)
            ]

        assert {answer.status for answer in answers} == {200}
        assert len({answer.headers["etag"] for answer in answers}) == len(LADDER)
        assert world.pool.begun == len(LADDER)

    async def test_what_is_made_has_the_size_of_the_step(self, opened: Origin) -> None:
        source = opened.put(photo())
        origin = opened.having(widths=(10, 20, 30))

        paths = [f"/{options}/plain/{source}@png" for options in ("w:7", "w:10/dpr:1.3", "w:99")]
        answers = [await origin.get(path) for path in paths]

        assert [size_of(answer.content) for answer in answers] == [(10, 7), (20, 13), (30, 20)]

    async def test_over_the_budget_nothing_is_made_and_what_is_kept_is_served(
        self, opened: Origin
    ) -> None:
        origin, source, other = budgeted(opened, 2), opened.put(photo()), opened.put(photo(seed=1))
        before = begun(opened)

        made = [await origin.get(f"/w:{width}/plain/{source}@png") for width in (10, 11)]
        refused = await origin.get(f"/w:12/plain/{source}@png")
        kept = await origin.get(f"/w:11/plain/{source}@png")
        another = await origin.get(f"/w:12/plain/{other}@png")

        assert [answer.status_code for answer in (*made, kept, another)] == [200] * 4
        assert (refused.status_code, refused.headers["x-safelight-error"]) == (
            422,
            "too_many_variants",
        )
        assert "SAFELIGHT_MAX_VARIANTS" in refused.text
        assert "hit" in kept.headers["cache-status"]
        assert begun(opened) - before == 3

    async def test_formats_count_and_a_changed_source_does_not(self, opened: Origin) -> None:
        origin, source = budgeted(opened, 2), opened.put(photo())
        name = source.removeprefix("local:///")

        codes = []
        for accept in (CHROME, "image/png", "image/webp"):
            answer = await origin.get(f"/w:10/plain/{source}", {"accept": accept})
            codes.append(answer.status_code)
        opened.put(photo(50, 40, seed=9), name)
        changed = await origin.get(f"/w:10/plain/{source}", {"accept": CHROME})

        assert codes == [200, 200, 422]
        assert changed.status_code == 200


def budgeted(opened: Origin, most: int) -> Origin:
    services = opened.services
    variants = replace(services.variants, budget=VariantBudget(most, clock=lambda: 0.0))
    return Origin(replace(services, variants=variants), opened.root)


def begun(opened: Origin) -> int:
    return int(opened.services.workers.facts()["begun"])
