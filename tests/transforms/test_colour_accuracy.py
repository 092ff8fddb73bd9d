"""Colours stay what they looked like, whatever space the source keeps them in."""

from __future__ import annotations

import numpy as np
import pytest
import pyvips
from PIL import Image

from tests.pictures import (
    chart,
    close,
    deep,
    gradient,
    levels,
    made,
    opened,
    pixels,
    saved,
    sheet,
    with_opacity,
)
from tests.transforms import profiles
from tests.transforms.colours import (
    ciede2000,
    cmyk_profile,
    difference,
    profile_model,
    seen,
)
from transforms.colourspace import is_srgb_profile, looks_srgb

RGB_PROFILES = {
    "adobe": profiles.ADOBE,
    "p3": profiles.DISPLAY_P3,
    "prophoto": profiles.PROPHOTO,
    "rec2020": profiles.REC2020,
    "rotated": profiles.ROTATED,
}
rgb_profiles = pytest.mark.parametrize("profile", RGB_PROFILES.values(), ids=RGB_PROFILES)

# Pairs published by Sharma, Wu and Dalal (2005) with their difference.
SHARMA = """
50 2.6772 -79.7751  50 0 -82.7485  2.0425
50 3.1571 -77.2803  50 0 -82.7485  2.8615
50 2.8361 -74.0200  50 0 -82.7485  3.4412
50 -1.3802 -84.2814  50 0 -82.7485  1.0000
50 -1.1848 -84.8006  50 0 -82.7485  1.0000
50 -0.9009 -85.5211  50 0 -82.7485  1.0000
50 0 0  50 -1 2  2.3669
50 -1 2  50 0 0  2.3669
50 2.4900 -0.0010  50 -2.4900 0.0009  7.1792
50 2.4900 -0.0010  50 -2.4900 0.0010  7.1792
50 2.4900 -0.0010  50 -2.4900 0.0011  7.2195
50 2.4900 -0.0010  50 -2.4900 0.0012  7.2195
50 -0.0010 2.4900  50 0.0009 -2.4900  4.8045
50 -0.0010 2.4900  50 0.0010 -2.4900  4.8045
50 -0.0010 2.4900  50 0.0011 -2.4900  4.7461
50 2.5 0  50 0 -2.5  4.3065
50 2.5 0  73 25 -18  27.1492
50 2.5 0  61 -5 29  22.8977
50 2.5 0  56 -27 -3  31.9030
50 2.5 0  58 24 15  19.4535
50 2.5 0  50 3.1736 0.5854  1.0000
50 2.5 0  50 3.2972 0  1.0000
50 2.5 0  50 1.8634 0.5757  1.0000
50 2.5 0  50 3.2592 0.3350  1.0000
60.2574 -34.0099 36.2677  60.4626 -34.1751 39.4387  1.2644
63.0109 -31.0961 -5.8663  62.8187 -29.7946 -4.0864  1.2630
61.2901 3.7196 -5.3901  61.4292 2.2480 -4.9620  1.8731
35.0831 -44.1164 3.7933  35.0232 -40.0716 1.5901  1.8645
22.7233 20.0904 -46.6940  23.0331 14.9730 -42.5619  2.0373
36.4612 47.8580 18.3852  36.2715 50.5065 21.2231  1.4146
90.8027 -2.0831 1.4410  91.1528 -1.6435 0.0447  1.4441
90.9257 -0.5406 -0.9208  88.6381 -0.8985 -0.7239  1.5381
6.7747 -0.2908 -2.4247  5.8714 -0.0985 -2.2286  0.6377
2.0776 0.0795 -1.1350  0.9033 -0.0636 -0.5514  0.9082
"""


def with_profile(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    image = image.copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)  # type: ignore[arg-type]
    return image


def test_the_measure_gives_the_published_differences() -> None:
    rows = np.array([line.split() for line in SHARMA.strip().splitlines()], np.float64)

    found = ciede2000(rows[:, :3], rows[:, 3:6])

    assert np.abs(found - rows[:, 6]).max() < 1e-4


@rgb_profiles
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "tiff"])
def test_an_embedded_profile_is_applied_and_not_passed_on(profile: bytes, kind: str) -> None:
    source = saved(chart(8), kind, icc_profile=profile)

    result = made("bl:0@png", source)

    assert "icc_profile" not in opened(result).info
    assert difference(opened(result), seen(source)).p95 < 1


@rgb_profiles
def test_a_profile_is_applied_after_resizing_too(profile: bytes) -> None:
    source = saved(chart(16), "png", icc_profile=profile)

    result = made("rs:force:100:20@png", source)

    expected = seen(source).resize((100, 20), Image.Resampling.LANCZOS)
    assert difference(opened(result), expected).median < 0.5


@rgb_profiles
@pytest.mark.parametrize("opacity", [255, 130])
def test_a_profile_changes_colours_and_not_opacity(profile: bytes, opacity: int) -> None:
    source = saved(with_opacity(chart(8), opacity), "png", icc_profile=profile)

    result = opened(made("bl:0@png", source))

    assert set(np.unique(np.asarray(result)[..., 3])) == {opacity}
    assert difference(result, seen(source)).p95 < 1


@rgb_profiles
@pytest.mark.parametrize("kept", ["", "ph:1/"])
def test_sixteen_bits_go_through_their_profile(profile: bytes, kept: str) -> None:
    shallow = saved(chart(8), "png", icc_profile=profile)
    source = deep(with_opacity(chart(8), 130) / 255, profile=profile)

    result = levels(made(f"{kept}bl:0@png", source))

    colours = Image.fromarray((result[..., :3] * 255).round().astype(np.uint8))
    assert difference(colours, seen(shallow)).p95 < 1
    assert np.abs(result[..., 3] - 130 / 255).max() < 1 / 255


def test_colours_out_of_reach_are_clipped_and_greys_stay_grey() -> None:
    source = saved(np.vstack([sheet(8, 8, (0, 255, 0)), sheet(8, 8, (128, 128, 128))]))
    wide = saved(opened(source), icc_profile=profiles.PROPHOTO)

    result = pixels(made("bl:0@png", wide))

    assert close(result[2, 2], (0, 255, 0), 3)
    assert np.ptp(result[12, 2]) <= 1


@pytest.mark.parametrize("given", ["with a profile", "without"])
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
@pytest.mark.parametrize("kept", ["", "scp:0/"])
def test_printing_colours_become_srgb(given: str, kind: str, kept: str) -> None:
    profile = {"icc_profile": cmyk_profile()} if given != "without" else {}
    source = saved(Image.fromarray(chart(8)).convert("CMYK"), "jpeg", **profile)

    result = made(f"{kept}q:100@{kind}", source)

    assert "icc_profile" not in opened(result).info
    assert opened(result).mode == "RGB"
    assert difference(opened(result), seen(source)).median < 2


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.6])
@pytest.mark.parametrize("opaque", [True, False])
def test_grey_goes_through_its_profile_and_stays_grey(gamma: float, opaque: bool) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(16, axis=0)
    picture = ramp if opaque else np.dstack([ramp, np.full_like(ramp, 99)])
    source = saved(picture, "png", icc_profile=profiles.grey(gamma))

    result = opened(made("bl:0@png", source))

    assert result.mode == ("L" if opaque else "LA")
    assert difference(result, seen(source)).most < 1


def test_lab_is_shown_as_it_is_meant() -> None:
    rows = chart(8)
    image = pyvips.Image.new_from_memory(rows.tobytes(), rows.shape[1], rows.shape[0], 3, "uchar")
    lab = image.copy(interpretation="srgb").colourspace("lab").tiffsave_buffer()

    result = opened(made("bl:0@png", lab))

    assert difference(result, Image.fromarray(rows)).p95 < 2


@pytest.mark.parametrize("kind", ["float", "uint", "int", "short", "char"])
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize("url", ["bl:1@png", "ph:1@png", "rs:fit:9:9@jpeg", "ph:1/bg:f00@avif"])
def test_numbers_of_any_kind_make_a_picture(kind: str, bands: int, url: str) -> None:
    value = {"float": 0.5, "char": 100}.get(kind, 30000)
    image = (pyvips.Image.black(20, 20, bands=bands) + value).cast(kind)

    result = opened(made(url, image.tiffsave_buffer()))

    assert result.size == ((9, 9) if "fit" in url else (20, 20))
    assert (np.asarray(result.convert("L")) >= 0).all()


def test_light_is_encoded() -> None:
    image = (pyvips.Image.black(20, 20) + 0.5).cast("float")

    result = pixels(made("bl:0@png", image.tiffsave_buffer()))

    assert close(result[3, 3], (188, 188, 188))


@rgb_profiles
def test_a_profile_that_is_kept_comes_with_unchanged_pixels(profile: bytes) -> None:
    source = saved(chart(8), "png", icc_profile=profile)

    result = opened(made("scp:0/bl:0@png", source))

    assert result.info["icc_profile"] == profile
    assert (np.asarray(result) == chart(8)).all()


@pytest.mark.parametrize("step", ["bg:f00", "pd:4/bg:00f", "mc:1", "dt:1:000:f00", "gr:1:f00"])
def test_a_kept_grey_profile_goes_when_colour_comes(step: str) -> None:
    ramp = np.arange(256, dtype=np.uint8)[None].repeat(16, axis=0)
    picture = np.dstack([ramp, np.full_like(ramp, 99)])
    source = saved(picture, "png", icc_profile=profiles.grey(1.8))

    result = opened(made(f"scp:0/{step}@png", source))

    profile = result.info.get("icc_profile")
    assert not profile or result.mode in ("L", "LA")


@pytest.mark.parametrize(
    ("picture", "profile"),
    [
        (chart(8), cmyk_profile()),
        (chart(8), profiles.grey(1.8)),
        (chart(8), b"no profile at all" * 20),
        (chart(8)[..., 0], profiles.ADOBE),
    ],
    ids=["CMYK on RGB", "grey on RGB", "junk on RGB", "RGB on grey"],
)
@pytest.mark.parametrize("kept", ["", "scp:0/"])
def test_a_profile_that_does_not_fit_is_dropped(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], profile: bytes, kept: str
) -> None:
    source = saved(picture, "png", icc_profile=profile)

    result = opened(made(f"{kept}bl:0@png", source))

    assert "icc_profile" not in result.info
    assert (np.asarray(result) == picture).all()


@pytest.mark.parametrize("profile", RGB_PROFILES.values(), ids=RGB_PROFILES)
def test_no_profile_counts_as_srgb_for_its_name(profile: bytes) -> None:
    image = with_profile(pyvips.Image.black(4, 4, bands=3).copy(interpretation="srgb"), profile)

    assert b"sRGB" in profile
    assert not is_srgb_profile(image)
    assert not looks_srgb(image)


def test_copies_of_srgb_are_known_by_what_they_do() -> None:
    image = pyvips.Image.black(4, 4, bands=3).copy(interpretation="srgb")
    srgb = saved(gradient(), "png", icc_profile=_srgb())

    assert is_srgb_profile(with_profile(image, _srgb()))
    assert (pixels(made("bl:0@png", srgb)) == gradient()).all()
    assert profile_model(_srgb()) == "RGB"


def _srgb() -> bytes:
    loaded: object = pyvips.Operation.call("profile_load", "srgb")
    assert isinstance(loaded, bytes)
    return loaded
