"""No way through the pipeline lets out where or with what a picture was taken."""

from __future__ import annotations

import pytest

from tests.pictures import made, opened, oriented, saved, scene
from tests.transforms.metadata import blobs
from tests.transforms.metadata.pictures import (
    PLACES,
    SECRETS,
    blob,
    contents,
    loaded,
    photographed,
)
from tests.transforms.metadata.pictures import saved as written

SOURCES = ("jpeg", "png", "webp", "avif", "tiff")
TARGETS = ("jpeg", "png", "webp", "avif", "tiff", "gif")
sources = pytest.mark.parametrize("kind", SOURCES)


def photograph(kind: str) -> bytes:
    image = photographed()
    if kind == "jpeg":
        # With a gain map libvips would write another kind of file, which is blocked here.
        image.remove("gainmap-data")
    data = written(image, kind)
    assert any(place in contents(data) for place in PLACES)
    return data


@sources
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("steps", ["", "bl:1", "rs:fit:10:10", "rot:90"])
def test_by_default_nothing_private_comes_through(kind: str, target: str, steps: str) -> None:
    for keep_copyright in ("", "kcr:0"):
        options = "/".join(filter(None, (steps, keep_copyright)))
        result = made(f"{options}@{target}", photograph(kind))

        assert not [secret for secret in SECRETS if secret in contents(result.data)]


@sources
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("steps", ["q:100", "bl:1", "rs:fit:10:10"])
def test_metadata_that_is_kept_does_not_tell_the_place(kind: str, target: str, steps: str) -> None:
    result = made(f"sm:0/{steps}@{target}", photograph(kind))

    assert not [place for place in PLACES if place in contents(result.data)]


@sources
@pytest.mark.parametrize("options", ["", "sm:0", "kcr:0", "rs:fit:9:9", "scp:0/sm:0", "ar:0"])
def test_a_source_that_is_left_alone_does_not_tell_it_either(kind: str, options: str) -> None:
    url = "/".join(filter(None, (f"skp:{kind}", options)))

    result = made(url, photograph(kind))

    told = PLACES if "sm:0" in options else SECRETS
    assert result.media_type == f"image/{kind}"
    assert not [secret for secret in told if secret in contents(result.data)]


@sources
def test_raw_is_verbatim_and_says_so(kind: str) -> None:
    source = photograph(kind)

    result = made("raw:1", source)

    assert result.data == source


def test_a_second_picture_inside_a_jpeg_is_left_behind() -> None:
    first, second = saved(scene(64, 48), "jpeg"), photograph("jpeg")
    index = b"\xff\xe2\x00\x08MPF\0\0\0"
    source = first[:2] + index + first[2:] + second

    for url in ("skp:jpeg", "skp:jpeg/sm:0", "q:100", "sm:0/q:100", "bl:1"):
        result = made(url, source)

        assert not [secret for secret in SECRETS if secret in contents(result.data)], url
        assert opened(result).size == (64, 48)


@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "avif"])
def test_rights_are_kept_by_default_and_go_if_asked(target: str) -> None:
    source = photograph("jpeg")

    kept = made(f"bl:1@{target}", source)
    gone = made(f"bl:1/kcr:0@{target}", source)

    assert blobs.ARTIST in blob(loaded(kept.data, target), "exif-data")
    assert not blob(loaded(gone.data, target), "exif-data")


def test_a_cleaned_source_keeps_its_orientation() -> None:
    source = oriented(scene(40, 30), 6, "jpeg")

    result = made("skp:jpeg", source)

    assert opened(result).getexif()[0x0112] == 6
    assert (result.width, result.height) == (30, 40)


@pytest.mark.parametrize("target", TARGETS)
def test_resolution_and_comments_do_not_come_through(target: str) -> None:
    source = saved(scene(40, 30), "jpeg", dpi=(300, 300), comment=b"written in SecretCity")

    result = made(f"bl:1@{target}", source)

    assert b"SecretCity" not in contents(result.data)
