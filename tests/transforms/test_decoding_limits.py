"""What decoding would take is known before it begins, and refused by the name of its setting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pyvips

from tests.jpegs import BASELINE, written
from tests.pictures import RED, animation, made, saved, sheet
from transforms.errors import LimitExceeded, UnsupportedOutput, UnsupportedSource
from transforms.limits import Limits
from transforms.references import write_base64

SCANS = Path("../shared/corpus/bad/gen-jpeg_progressive_8000x8000_5000scans.jpg")
MARK = f"wmu:{write_base64('mark')}/wm:1"
TIGHT = replace(Limits(), max_decode_mb=1)
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><g/></svg>'
UNDRAWN = replace(Limits(), svg=False)


def interlaced(width: int, height: int) -> bytes:
    """libvips writes what Pillow cannot."""
    image = pyvips.Image.black(width, height, bands=3).copy(interpretation="srgb")
    return image.pngsave_buffer(interlace=True)


def of(kind: str, **options: Any) -> bytes:
    return saved(sheet(1000, 800, RED), kind, **options)


HUNGRY = {
    "progressive jpeg": written(1000, 800),
    "interlaced png": interlaced(1000, 800),
    "webp": of("webp"),
    "avif": of("avif"),
    "gif": of("gif"),
    "bmp": of("bmp"),
    "tiff of large tiles": pyvips.Image.black(1000, 800, bands=3).tiffsave_buffer(
        tile=True, tile_width=512, tile_height=512
    ),
}
# Narrow, so that a hundred of their rows are few bytes; all of their pixels would be too many.
FRUGAL = {
    "baseline jpeg": written(300, 2700, kind=BASELINE),
    "plain png": saved(sheet(300, 2700, RED), "png"),
    "tiff of strips": saved(sheet(300, 2700, RED), "tiff"),
    "tiff of tiles": pyvips.Image.black(300, 2700, bands=3).tiffsave_buffer(
        tile=True, tile_width=64, tile_height=64
    ),
}


@pytest.mark.parametrize("name", HUNGRY)
def test_a_decoder_that_would_hold_too_much_is_not_begun(name: str) -> None:
    with pytest.raises(LimitExceeded, match=r"\d MB .*limit is 1 \(SAFELIGHT_MAX_DECODE_MB\)"):
        made("rs:fit:9:9@png", HUNGRY[name], limits=TIGHT)


@pytest.mark.parametrize("name", FRUGAL)
def test_what_is_decoded_row_by_row_may_be_of_any_height(name: str) -> None:
    assert made("rs:fit:90:90@png", FRUGAL[name], limits=TIGHT).height == 90


def test_rows_that_are_very_long_count() -> None:
    wide = pyvips.Image.black(1_000_000, 28, bands=3).cast("ushort").copy(interpretation="rgb16")

    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_DECODE_MB"):
        made("rs:fit:90:90@png", wide.pngsave_buffer())


@pytest.mark.parametrize("name", HUNGRY)
def test_watermarks_are_held_to_the_same(name: str) -> None:
    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_DECODE_MB"):
        made(f"{MARK}@png", saved(sheet(9, 9, RED)), assets={"mark": HUNGRY[name]}, limits=TIGHT)


def test_too_many_scans_are_refused() -> None:
    few = replace(Limits(), max_scans=9)

    assert made("@png", written(64, 48, scans=9), limits=few).width == 64
    with pytest.raises(LimitExceeded, match=r"10 scans .*limit is 9 \(SAFELIGHT_MAX_SCANS\)"):
        made("@png", written(64, 48, scans=10), limits=few)


def test_thousands_of_scans_are_refused_as_it_comes() -> None:
    if not SCANS.exists():
        pytest.skip("needs ../shared/corpus")

    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_SCANS"):
        made("rs:fit:9:9@jpg", SCANS.read_bytes())


def test_limits_are_looked_at_in_the_order_in_which_they_become_known() -> None:
    options = "rs:force:300:300:1/el:1@png"
    none = replace(
        Limits(),
        max_src_megapixels=0.01,
        max_frames=1,
        max_decode_mb=0.01,
        max_result_megapixels=0.01,
    )
    moving = animation([sheet(200, 100, (level, 0, 0)) for level in (0, 90, 180)])
    said = []

    for name in ("max_src_megapixels", "max_frames", "max_decode_mb", "max_result_megapixels"):
        with pytest.raises(LimitExceeded) as refused:
            made(options.replace("png", "gif"), moving, limits=none)
        said.append(str(refused.value))
        none = replace(none, **{name: getattr(Limits(), name)})

    assert [text.rpartition("(")[2] for text in said] == [
        "SAFELIGHT_MAX_SRC_MEGAPIXELS)", "SAFELIGHT_MAX_FRAMES)", "SAFELIGHT_MAX_DECODE_MB)",
        "SAFELIGHT_MAX_RESULT_MEGAPIXELS)",
    ]  # fmt: skip


def test_a_late_page_of_an_animation_counts_with_all_before_it() -> None:
    moving = animation([sheet(100, 100, (level, 0, 0)) for level in range(0, 250, 25)])
    few = replace(Limits(), max_src_megapixels=0.05)

    assert made("pg:4@png", moving, limits=few).width == 100
    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_SRC_MEGAPIXELS"):
        made("pg:5@png", moving, limits=few)
    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_FRAMES"):
        made("pg:5@png", moving, limits=replace(Limits(), max_frames=5))


def test_a_drawing_of_too_many_elements_is_not_read() -> None:
    many = DRAWING.replace(b"<g/>", b"<g/>" * 300_000)

    with pytest.raises(LimitExceeded, match=r"1172 MB .*SAFELIGHT_MAX_DECODE_MB"):
        made("@png", many)


def test_drawings_are_refused_where_they_are_switched_off() -> None:
    with pytest.raises(UnsupportedSource, match="SAFELIGHT_SVG"):
        made("@png", DRAWING, limits=UNDRAWN)
    with pytest.raises(UnsupportedSource, match="SAFELIGHT_SVG"):
        made(f"{MARK}@png", saved(sheet(9, 9, RED)), assets={"mark": DRAWING}, limits=UNDRAWN)
    with pytest.raises(UnsupportedOutput):
        made("raw:1", DRAWING, limits=UNDRAWN)


def test_switched_off_their_parser_cannot_be_reached_at_all() -> None:
    made("@png", saved(sheet(9, 9, RED)), limits=UNDRAWN)

    with pytest.raises(pyvips.Error, match="blocked"):
        pyvips.Image.svgload_source(pyvips.Source.new_from_memory(DRAWING))


def test_drawings_can_be_switched_on_again() -> None:
    with pytest.raises(UnsupportedSource):
        made("@png", DRAWING, limits=UNDRAWN)

    assert made("@png", DRAWING).width == 40
