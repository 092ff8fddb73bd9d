"""Which bytes reach which decoder, and that nothing else in libvips can be reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from pyvips.base import type_from_name

from tests.pictures import made, opened, saved, scene, sheet
from transforms.codecs import CODECS, sniffed
from transforms.codecs.svg import CODEC as SVG
from transforms.errors import BrokenSource, TransformError, UnsupportedOutput, UnsupportedSource
from transforms.formats import Format

ROOT = Path(__file__).parents[2]
READ = ("jpeg", "png", "webp", "avif", "gif", "tiff", "bmp")
WRITTEN = ("jpeg", "png", "webp", "avif", "gif", "tiff")


@pytest.mark.parametrize("name", [one for codec in CODECS.values() for one in codec.operations])
def test_every_operation_that_a_codec_names_exists(name: str) -> None:
    found = type_from_name(name)

    assert found != 0


@pytest.mark.parametrize("kind", READ)
def test_each_kind_is_known_by_its_first_bytes(kind: str) -> None:
    data = saved(scene(32, 32), kind)

    assert sniffed(data).format == kind
    assert sum(codec.sniff(data[:4096]) for codec in CODECS.values()) == 1


@pytest.mark.parametrize(
    "head",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'>",
        b"\xef\xbb\xbf<svg>",
        b'<?xml version="1.0"?>\n<!-- a (long) comment - here -->\n<svg\n>',
        b'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd"><svg>',
        b"<!DOCTYPE svg [<!ENTITY a 'b'>]><svg>",
        b"<svg:svg xmlns:svg='http://www.w3.org/2000/svg'>",
    ],
)
def test_drawings_are_known_by_their_root(head: bytes) -> None:
    assert SVG.sniff(head)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 64,
        b"<html><svg></svg></html>",
        b"<!-- <svg> --><html>",
        b"<?xml version='1.0'?><rss/>",
        b"%PDF-1.7",
        b"P6 2 2 255 " + bytes(12),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\xff\x0a\0\0",
        b"\0\0\1\0\1\0\x10\x10",
        b"8BPS\0\1",
        b"SIMPLE  =                    T",
        b"#?RADIANCE\n",
        b"\x76\x2f\x31\x01",
        b"RIFF\x10\0\0\0WAVEfmt ",
        b"BM not a bitmap at all, but long enough",
    ],
)
def test_anything_else_is_not_a_picture(data: bytes) -> None:
    with pytest.raises(UnsupportedSource, match="known kind"):
        made("rs:fit:9:9@png", data)


@given(st.binary(max_size=300), st.sampled_from(READ))
def test_junk_after_a_right_beginning_is_a_typed_error_or_a_picture(junk: bytes, kind: str) -> None:
    start = saved(scene(16, 16), kind)[: 30 + len(junk) // 4]

    try:
        result = made("rs:fit:9:9@png", start + junk)
    except TransformError:
        return
    assert opened(result).size == (result.width, result.height)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif", "gif", "tiff", "bmp"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("target", ["jpeg", "png", "webp", "avif", "gif", "tiff"])
def test_a_truncated_file_is_a_broken_source(kind: str, share: float, target: str) -> None:
    whole = saved(scene(96, 96), kind)

    with pytest.raises((BrokenSource, UnsupportedSource)):
        made(f"rs:fit:48:48@{target}", whole[: int(len(whole) * share)])


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("source", READ)
def test_what_is_read_can_be_written(source: str, kind: str) -> None:
    result = made(f"rs:fit:40:40@{kind}", saved(scene(80, 60), source))

    assert (result.width, result.height) == opened(result).size == (40, 30)
    assert result.media_type == f"image/{kind}"
    assert (opened(result).format or "").lower() == kind
    assert (result.source_width, result.source_height) == (80, 60)


@pytest.mark.parametrize("name", ["svg", "heic", "jxl", "bmp", "ico"])
def test_formats_that_are_not_written_are_refused_by_type(name: str) -> None:
    with pytest.raises(UnsupportedOutput, match=name):
        made(f"bl:1@{name}", saved(scene(32, 32)))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ("jpgo:1", "jpeg"), ("jpgo:0:1", "jpeg"), ("jpgo:1:1:1:1:1:3", "jpeg"),
        ("pngo:1", "png"), ("pngo:0:1:16", "png"), ("pngo:0:1:2", "png"),
        ("webpo:lossless", "webp"), ("webpo:near_lossless", "webp"), ("webpo:lossy:1:icon", "webp"),
    ],
)  # fmt: skip
def test_options_of_a_codec_are_taken(options: str, kind: str) -> None:
    result = made(f"bl:0.1/{options}@{kind}", saved(scene(64, 64)))

    picture = opened(result)
    assert picture.size == (64, 64)
    if options == "jpgo:1":
        assert "progressive" in picture.info
    if options.startswith("pngo:0:1"):
        assert len(picture.convert("RGB").getcolors(9999) or []) <= int(options.split(":")[-1])


def test_better_quality_costs_bytes() -> None:
    for kind in ("jpeg", "webp", "avif"):
        sizes = [len(made(f"bl:0/q:{q}@{kind}", saved(scene())).data) for q in (10, 50, 95)]

        assert sizes == sorted(set(sizes)), kind


def test_small_avif_is_written_as_what_every_decoder_reads() -> None:
    for size in ((15, 40), (40, 15), (1, 1)):
        opaque = made("bl:0@avif", saved(sheet(*size, (9, 9, 9))))
        clear = made("bl:0@avif", saved(sheet(*size, (9, 9, 9, 9))))

        assert (opaque.media_type, clear.media_type) == ("image/jpeg", "image/png")
    assert made("bl:0@avif", saved(sheet(16, 16, (9, 9, 9)))).media_type == "image/avif"
    # So long that it is scaled down, and then too small.
    assert made("bl:0@avif", saved(sheet(20_000, 16, (9, 9, 9)))).media_type == "image/jpeg"


@pytest.mark.parametrize(
    ("kind", "most"), [("webp", 16383), ("avif", 16384), ("jpeg", 65500), ("gif", 65535)]
)
def test_results_fit_into_what_the_format_can_say(kind: str, most: int) -> None:
    source = saved(sheet(66_000, 20 if kind == "jpeg" else 80, (9, 9, 9)))

    result = made(f"bl:0@{kind}", source)

    assert result.width == most
    assert opened(result).size == (result.width, result.height)


def test_avif_has_its_embedded_thumbnail() -> None:
    image = pyvips.Image.new_from_memory(scene(640, 480).tobytes(), 640, 480, 3, "uchar")
    source = image.copy(interpretation="srgb").heifsave_buffer(compression="av1")

    result = made("eth:1/rs:fit:64:64@png", source)

    assert (result.width, result.height) == (64, 48)


def test_every_other_loader_and_saver_is_blocked() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.transforms.blocked"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split()) == (0, []), done.stderr


def test_formats_and_codecs_go_together() -> None:
    assert set(CODECS) == set(Format) - {Format.JXL, Format.HEIC, Format.ICO}
