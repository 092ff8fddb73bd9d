"""Real pictures of every kind, seen through the pipeline and through Pillow.

The corpus lies beside the repository (`../shared/corpus`); each file comes from another project's
test data. Both decodings are averaged to a few pixels before they are compared, so that what is
left is colour, place and orientation, not the encoder's noise.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from PIL import Image

from tests.pictures import made, opened, pixels, planned
from tests.transforms.colours import difference, profile_model, seen
from transforms.decode import open_source
from transforms.errors import BrokenSource, LimitExceeded, UnsupportedSource
from transforms.limits import Limits
from transforms.output import Input

pytestmark = [
    # Pillow's opinion of odd files is not what is tested.
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

ROOT = Path(__file__).parents[3] / "shared" / "corpus"
FOLDERS = ("animated", "color", "formats", "graphics", "orientation", "photos")
NOT_READ = (".heic", ".jxl", ".ico")
# What Pillow cannot open, or opens as something else.
UNCOMPARED = ("lab-tiff.tif", "tiff-multipage.tif")
HUGE = "huge-280mp-gray-20000x14000.jpg"
SEQUENCE = "avif-alpha-5frames-150.avif"
KINDS = ("jpeg", "png", "webp", "avif")
# CIEDE2000: median and 95th percentile. Of a tiny picture few blocks are left, all of them edges.
MOST = {
    "png": (1.0, 4.5), "jpeg": (1.6, 5.0), "webp": (1.6, 5.0), "avif": (1.6, 5.0),
    "tiny": (2.5, 16.0),
}  # fmt: skip
SIDE = 96
COARSE = 12


class Case(NamedTuple):
    """Options, and the same in Pillow: turned first, then cut to a box of fractions."""

    options: str
    turn: Image.Transpose | None = None
    cut: tuple[float, float] | None = None
    fill: tuple[int, int] | None = None


CASES = (
    Case(f"rs:fit:{SIDE}:{SIDE}"),
    Case("rs:fill:80:60", fill=(80, 60)),
    Case(f"c:0.5:0.5:nowe/rs:fit:{SIDE}:{SIDE}", cut=(0.5, 0.5)),
    Case(f"rot:90/rs:fit:{SIDE}:{SIDE}", turn=Image.Transpose.ROTATE_270),
)


def files(*folders: str) -> list[Path]:
    found = sorted(path for name in folders for path in (ROOT / name).glob("*"))
    return [path for path in found if path.suffix != ".py"]


def corpus(*folders: str, without: tuple[str, ...] = ()) -> pytest.MarkDecorator:
    paths = [path for path in files(*folders) if path.suffix not in (*without, ".svg")]
    none = pytest.param(None, marks=pytest.mark.skip(f"no corpus at {ROOT}"))
    return pytest.mark.parametrize(
        "path", paths or [none], ids=lambda path: path.name if path else "absent"
    )


readable = corpus(*FOLDERS, without=NOT_READ)


@functools.lru_cache(maxsize=1)
def reference(path: Path) -> Image.Image:
    return seen(path.read_bytes(), at_least=8 * SIDE)


def frames(path: Path) -> str:
    return "/da:1" if path.name == SEQUENCE else "/maf:4"


@readable
def test_every_picture_has_the_predicted_size_its_colours_and_its_way_up(path: Path) -> None:
    data = path.read_bytes()
    if path.name == HUGE:
        pytest.skip("refused: see the test of limits")
    canvas = open_source(data, Input(still=True), limits=Limits()).canvas

    for number, case in enumerate(CASES):
        predicted = planned(case.options).size(canvas).size
        # Each kind, and each case: what is cut and turned is so before it is encoded.
        for kind in KINDS if number == 0 else (KINDS[number],):
            result = made(f"{case.options}{frames(path)}/q:90@{kind}", data)
            picture = opened(result)

            assert (result.width, result.height) == predicted == picture.size
            assert "icc_profile" not in picture.info
            if path.name not in UNCOMPARED:
                assert_like(picture, expected(reference(path), case, predicted), kind)


@readable
def test_a_kept_profile_is_one_for_the_pixels_and_shows_the_same_colours(path: Path) -> None:
    data = path.read_bytes()
    if path.name in (HUGE, *UNCOMPARED):
        pytest.skip("nothing to compare")

    result = made(f"rs:fit:{SIDE}:{SIDE}{frames(path)}/scp:0/q:90@png", data)
    picture = opened(result)

    profile = picture.info.get("icc_profile")
    assert not profile or profile_model(profile) == ("L" if "L" in picture.mode else "RGB")
    assert_like(seen(result.data), reference(path).resize(picture.size), "png")


def expected(picture: Image.Image, case: Case, size: tuple[int, int]) -> Image.Image:
    if case.turn is not None:
        picture = picture.transpose(case.turn)
    width, height = picture.size
    box = (0.0, 0.0, float(width), float(height))
    if case.cut:
        box = (0.0, 0.0, width * case.cut[0], height * case.cut[1])
    if case.fill:
        by = min(width / size[0], height / size[1])
        left, top = (
            imgproxys_middle(length / by - kept) * by
            for length, kept in zip((width, height), size, strict=True)
        )
        box = (left, top, min(left + size[0] * by, width), min(top + size[1] * by, height))
    return picture.resize(size, Image.Resampling.BOX, box=box)


def imgproxys_middle(surplus: float) -> int:
    """Half of what is cut off, by imgproxy's rule: 10 pixels leave 6 before and 4 behind."""
    return max(0, min(round((round(surplus) + 1) / 2), round(surplus)))


def assert_like(picture: Image.Image, reference: Image.Image, kind: str) -> None:
    by = max(1, *(length // COARSE for length in picture.size))
    one, other = (
        image.convert("RGBA").convert("RGBa").reduce(by).convert("RGBA")
        for image in (picture, reference)
    )
    delta = difference(one, other)
    median, p95 = MOST["tiny" if min(picture.size) < 50 else kind]
    assert delta.median < median
    assert delta.p95 < p95


@pytest.mark.parametrize("name", ["svg-artwork.svg", "svg-logo.svg", "svg-w3c-struct-image.svg"])
@pytest.mark.parametrize("kind", KINDS)
def test_drawings_are_drawn_as_large_as_asked(name: str, kind: str) -> None:
    path = ROOT / "formats" / name
    if not path.exists():
        pytest.skip(f"no corpus at {ROOT}")
    canvas = open_source(path.read_bytes(), Input(), limits=Limits()).canvas

    result = made(f"rs:fit:300:300/q:90@{kind}", path.read_bytes())

    assert (result.width, result.height) == planned("rs:fit:300:300").size(canvas).size
    assert max(result.width, result.height) == 300
    assert np.ptp(pixels(result)) > 100


@pytest.mark.parametrize(
    "path",
    [path for path in files("formats") if path.suffix in NOT_READ]
    or [pytest.param(None, marks=pytest.mark.skip(f"no corpus at {ROOT}"))],
    ids=lambda path: path.name if path else "absent",
)
def test_kinds_that_are_not_read_are_refused_by_type(path: Path) -> None:
    with pytest.raises(UnsupportedSource, match="known kind"):
        made("rs:fit:96:96@png", path.read_bytes())


@pytest.mark.parametrize(
    "path",
    files("bad") or [pytest.param(None, marks=pytest.mark.skip(f"no corpus at {ROOT}"))],
    ids=lambda path: path.name if path else "absent",
)
def test_bad_files_give_a_picture_or_a_typed_error(path: Path) -> None:
    data = path.read_bytes()

    try:
        result = made("rs:fit:96:96@webp", data)
    except (BrokenSource, LimitExceeded, UnsupportedSource):
        return
    assert opened(result).size == (result.width, result.height)


def test_a_giant_is_refused_by_its_header_and_shrunk_if_allowed() -> None:
    path = ROOT / "formats" / HUGE
    if not path.exists():
        pytest.skip(f"no corpus at {ROOT}")

    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_SRC_MEGAPIXELS"):
        made("rs:fit:96:96@png", path.read_bytes())
    result = made(
        "rs:fit:96:96@png",
        path.read_bytes(),
        limits=replace(Limits(), max_src_megapixels=300),
    )

    assert (result.width, result.height) == (96, 67)
