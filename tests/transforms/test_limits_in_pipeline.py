"""Too much is refused before it costs anything, and every refusal names its setting."""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

import pytest
import pyvips

from tests.pictures import RED, animation, made, opened, saved, sheet
from transforms.encode import Encoded
from transforms.errors import BrokenSource, EngineError, LimitExceeded
from transforms.limits import Limits
from transforms.references import write_base64

SMALL = replace(Limits(), max_src_megapixels=0.01)
MARK = f"wmu:{write_base64('mark')}/wm:1"
KINDS = ("jpeg", "png", "webp", "avif", "gif", "tiff", "bmp")


def bomb(width: int, height: int) -> bytes:
    """A PNG that says how large it is and then holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1000)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def drawing(width: int, height: int, more: str = "") -> bytes:
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" {more}>'
    return f'{svg}<rect width="50%" height="100%" fill="#f00"/></svg>'.encode()


@pytest.mark.parametrize("kind", KINDS)
def test_too_many_pixels_are_refused_by_the_header(kind: str) -> None:
    with pytest.raises(LimitExceeded, match=r"0\.0 megapixels.*SAFELIGHT_MAX_SRC_MEGAPIXELS"):
        made("rs:fit:9:9@png", saved(sheet(150, 100, RED), kind), limits=SMALL)


@pytest.mark.parametrize("kind", KINDS)
def test_as_many_pixels_as_allowed_are_taken(kind: str) -> None:
    result = made("rs:fit:9:9@png", saved(sheet(100, 100, RED), kind), limits=SMALL)

    assert (result.width, result.height) == (9, 9)


def test_a_bomb_is_refused_without_being_opened() -> None:
    with pytest.raises(LimitExceeded, match=r"900\.0 megapixels"):
        made("rs:fit:9:9@png", bomb(30_000, 30_000))


def test_a_picture_that_ends_early_is_broken() -> None:
    with pytest.raises(BrokenSource):
        made("rs:fit:9:9@png", bomb(3_000, 3_000))


@pytest.mark.parametrize(
    "options",
    ["rs:force:3000:3000:1", "z:30/el:1", "dpr:30/el:1", "pd:3000", "rs:fit:3000:3000/ex:1",
     "rs:fit:9:9/-/pd:3000", "rs:force:3000:3000:1/-/rs:fit:9:9"],
)  # fmt: skip
def test_results_larger_than_the_limit_are_refused_before_decoding(options: str) -> None:
    few = replace(Limits(), max_result_megapixels=1)

    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_RESULT_MEGAPIXELS"):
        made(f"{options}@png", bomb(100, 100), limits=few)


def test_a_url_may_allow_more_where_the_server_lets_it() -> None:
    picture = saved(sheet(150, 100, RED))

    result = made("msr:0.02/rs:fit:9:9@png", picture, limits=SMALL)

    assert result.width == 9
    with pytest.raises(LimitExceeded, match="max_src_resolution"):
        made("msr:0.01/rs:fit:9:9@png", picture)


def test_frames_may_have_a_limit_of_their_own() -> None:
    moving = animation([sheet(50, 50, (level, 0, 0)) for level in range(0, 250, 40)])

    result = made("mafr:0.0025/rs:fit:9:9@webp", moving, limits=SMALL)

    assert result.frames == 7
    with pytest.raises(LimitExceeded, match="max_animation_frame_resolution"):
        made("mafr:0.002/rs:fit:9:9@webp", moving, limits=SMALL)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ("mrd:50", (50, 25)),
        ("mrd:50/rs:fit:100:100", (50, 25)),
        ("mrd:300/rs:fit:100:100", (100, 50)),
        ("mrd:50/rs:fill:100:100", (50, 50)),
        ("mrd:50/rot:90", (25, 50)),
        ("mrd:200/rs:fit:100:100/pd:100:200:300:400", (200, 129)),
        ("mrd:50/rs:fit:100:100/-/rs:fit:80:80/pd:10", (50, 30)),
    ],
)
def test_a_limit_on_sides_makes_the_result_smaller(options: str, size: tuple[int, int]) -> None:
    result = made(f"{options}@png", saved(sheet(200, 100, RED)))

    assert (result.width, result.height) == size
    assert opened(result).size == size


@pytest.mark.parametrize("size", [(400, 300), (30_000, 100), (100, 30_000), (3_000_000, 3_000_000)])
def test_drawings_of_any_size_are_drawn_within_the_limit(size: tuple[int, int]) -> None:
    result = made("q:80@png", drawing(*size), limits=SMALL)

    assert result.width * result.height <= 10_000
    if min(size) > 100:
        assert result.width / result.height == pytest.approx(size[0] / size[1], rel=0.03)


def test_a_drawing_within_the_limit_has_its_own_size() -> None:
    result = made("q:80@png", drawing(120, 50), limits=SMALL)

    assert (result.width, result.height) == (120, 50)


@pytest.mark.parametrize(
    "mark", [bomb(30_000, 30_000), saved(sheet(150, 100, RED))], ids=["bomb", "large"]
)
def test_watermarks_are_held_to_the_limit_of_sources(mark: bytes) -> None:
    with pytest.raises(LimitExceeded, match="SAFELIGHT_MAX_SRC_MEGAPIXELS"):
        made(f"{MARK}@png", saved(sheet(40, 40, RED)), assets={"mark": mark}, limits=SMALL)


def test_a_drawing_may_be_a_watermark() -> None:
    result = _marked(drawing(300_000, 300_000))

    assert opened(result).size == (40, 40)


def test_a_broken_watermark_is_a_broken_source() -> None:
    with pytest.raises(BrokenSource):
        _marked(bomb(50, 50))


def test_a_watermark_that_was_not_brought_is_an_error_of_ours() -> None:
    with pytest.raises(EngineError, match="mark"):
        made(f"{MARK}@png", saved(sheet(40, 40, RED)))


def _marked(mark: bytes) -> Encoded:
    picture = saved(sheet(40, 40, RED))
    return made(f"{MARK}@png", picture, assets={"mark": mark}, limits=SMALL)


@pytest.mark.parametrize("options", ["rs:fit:16:16", "rs:fill:16:16:1", "rs:force:16:16", "c:2:2"])
@pytest.mark.parametrize("size", [(2, 1_000_000), (1_000_000, 2)])
def test_the_longest_picture_that_is_allowed_can_be_made(
    options: str, size: tuple[int, int]
) -> None:
    data = pyvips.Image.black(*size, bands=3).pngsave_buffer()

    result = made(f"{options}@png", data)

    assert max(result.width, result.height) in (2, 16)


@pytest.mark.parametrize("size", [(2, 1_000_001), (1_000_001, 2)])
def test_a_longer_one_is_refused_by_its_side(size: tuple[int, int]) -> None:
    data = pyvips.Image.black(*size, bands=3).pngsave_buffer()

    with pytest.raises(LimitExceeded, match="a side of 1000001 pixels, the limit is 1000000"):
        made("rs:fit:16:16@png", data)
