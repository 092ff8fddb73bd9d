from __future__ import annotations

import io
import zlib

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageSequence

from tests.transforms.metadata import blobs, pictures
from transforms.metadata import exif, iptc, xmp
from transforms.metadata.scrub import KINDS, scrub

MARKED = ("jpeg", "png", "webp")
SUFFIXES = {".jpg": "jpeg", ".png": "png", ".webp": "webp", ".gif": "gif"}


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2, "big") + payload


def png_chunk(name: bytes, payload: bytes) -> bytes:
    body = name + payload
    return len(payload).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")


def riff_chunk(name: bytes, payload: bytes) -> bytes:
    return name + len(payload).to_bytes(4, "little") + payload + b"\0" * (len(payload) % 2)


def private_jpeg(orientation: int = 1) -> bytes:
    clean = pictures.saved(pictures.plain(), "jpeg", keep=0)
    private = [
        segment(0xE0, b"JFIF\0\1\1\1\0H\0H\2\1secret"),  # with a thumbnail of two pixels
        segment(0xE0, b"JFXX\0secret"),
        segment(0xE1, blobs.camera_exif(orientation=orientation)),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + blobs.XMP),
        segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0secret"),
        segment(0xE2, b"FPXR\0secret"),
        segment(0xED, blobs.PHOTOSHOP),
        segment(0xE5, b"secret"),
        segment(0xFE, b"secret"),
    ]
    late = segment(0xFE, b"secret") + b"\xff\xd9"
    return clean[:2] + b"".join(private) + clean[2:-2] + late + clean + b"secret"


def private_png(orientation: int = 1) -> bytes:
    clean = pictures.saved(pictures.plain(), "png", keep=0)
    compressed = b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(blobs.XMP)
    private = [
        png_chunk(b"eXIf", blobs.camera_exif(orientation=orientation)[6:]),
        png_chunk(b"iTXt", compressed),
        png_chunk(b"tEXt", b"Comment\0secret"),
        png_chunk(b"tIME", bytes(7)),
        png_chunk(b"prVt", b"secret"),
    ]
    return clean[:33] + b"".join(private) + clean[33:] + b"secret"


def private_webp(orientation: int = 1) -> bytes:
    clean = pictures.saved(pictures.plain(), "webp", keep=0)
    size = b"".join(n.to_bytes(3, "little") for n in (23, 15))
    chunks = [
        riff_chunk(b"VP8X", bytes((0x0C, 0, 0, 0)) + size),
        riff_chunk(b"prVt", b"secret!"),
        clean[12:],
        riff_chunk(b"EXIF", blobs.camera_exif(orientation=orientation)[6:]),
        riff_chunk(b"XMP ", blobs.XMP),
    ]
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + len(body).to_bytes(4, "little") + body + b"secret"


def private_gif() -> bytes:
    frames = [Image.new("P", (8, 8), colour) for colour in (0, 1)]
    out = io.BytesIO()
    frames[0].putpalette([255, 0, 0, 0, 255, 0])
    frames[1].putpalette([255, 0, 0, 0, 255, 0])
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], duration=70, loop=3)
    clean = out.getvalue()
    start = clean.index(b"\x21\xff\x0bNETSCAPE")
    private = [
        b"\x21\xfe\x06secret\0",
        b"\x21\xff\x0bXMP DataXMP" + bytes((len(b"secret"),)) + b"secret\0",
        b"\x21\xff\x0bMAGPIE  1.0\x06secret\0",
    ]
    return clean[:start] + b"".join(private) + clean[start:] + b"secret"


PRIVATE = {"jpeg": private_jpeg, "png": private_png, "webp": private_webp}


def private(kind: str) -> bytes:
    return private_gif() if kind == "gif" else PRIVATE[kind]()


def frames(data: bytes) -> list[bytes]:
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA").tobytes() for frame in ImageSequence.Iterator(image)]


def scrubbed(data: bytes, kind: str, *, keep_copyright: bool = True) -> bytes:
    result = scrub(data, kind, keep_copyright=keep_copyright)
    assert result is not None
    return result


@pytest.mark.parametrize("keep_copyright", [True, False])
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_nothing_private_is_left(kind: str, keep_copyright: bool) -> None:
    result = scrubbed(private(kind), kind, keep_copyright=keep_copyright)

    found = pictures.contents(result)
    assert not [secret for secret in pictures.SECRETS if secret in found]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_pixels_are_the_same(kind: str) -> None:
    source = private(kind)

    result = scrubbed(source, kind)

    assert frames(result) == frames(source)
    assert pictures.same(pictures.loaded(result, kind), pictures.loaded(source, kind))


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_scrubbed_file_has_nothing_more_to_scrub(kind: str) -> None:
    once = scrubbed(private(kind), kind)

    assert scrubbed(once, kind) == once


@pytest.mark.parametrize("kind", MARKED)
def test_rights_are_put_back(kind: str) -> None:
    image = pictures.loaded(scrubbed(private(kind), kind), kind)

    assert exif.copyright_of(pictures.blob(image, "exif-data")) == (blobs.COPYRIGHT, blobs.ARTIST)
    assert image.get("xmp-data") == xmp.copyright_only(blobs.XMP)
    if kind == "jpeg":
        assert image.get("iptc-data") == iptc.copyright_only(blobs.PHOTOSHOP)


@pytest.mark.parametrize("kind", MARKED)
def test_rights_go_too_if_they_are_not_wanted(kind: str) -> None:
    image = pictures.loaded(scrubbed(private(kind), kind, keep_copyright=False), kind)

    assert not any(image.get_typeof(f) for f in ("exif-data", "xmp-data", "iptc-data"))


@pytest.mark.parametrize("keep_copyright", [True, False])
@pytest.mark.parametrize("kind", MARKED)
def test_a_turned_picture_is_still_turned(kind: str, keep_copyright: bool) -> None:
    result = scrubbed(PRIVATE[kind](6), kind, keep_copyright=keep_copyright)

    assert pictures.loaded(result, kind).get("orientation") == 6
    assert pictures.exif_of(result)[0x0112] == 6


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_the_profile_stays(kind: str) -> None:
    image = pictures.plain().icc_transform("p3", input_profile="srgb")
    source = pictures.saved(image, kind, keep=63)

    result = scrubbed(source, kind)

    profile = pictures.loaded(source, kind).get("icc-profile-data")
    assert pictures.loaded(result, kind).get("icc-profile-data") == profile


def test_an_animated_gif_keeps_its_loop_and_timing() -> None:
    source = pictures.loaded(private_gif(), "gif")
    result = pictures.loaded(scrubbed(private_gif(), "gif"), "gif")

    for field, value in (("n-pages", 2), ("delay", [70, 70]), ("loop", source.get("loop"))):
        assert result.get(field) == value


def test_the_second_picture_of_a_jpeg_goes() -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (16, 8), "red"), Image.new("RGB", (16, 8), "blue")
    first.save(out, "MPO", save_all=True, append_images=[second])
    assert len(frames(out.getvalue())) == 2

    result = scrubbed(out.getvalue(), "jpeg")

    assert frames(result) == frames(out.getvalue())[:1]
    assert result.count(b"\xff\xd8") == 1


def test_frames_of_an_animated_webp_are_searched_too() -> None:
    out = io.BytesIO()
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(out, "WEBP", save_all=True, append_images=[second], duration=70, loop=3)
    source = out.getvalue()
    at = source.index(b"ANMF")
    size = int.from_bytes(source[at + 4 : at + 8], "little")
    hidden = riff_chunk(b"prVt", b"secret")
    frame = riff_chunk(b"ANMF", source[at + 8 : at + 8 + size] + hidden)
    body = source[8:at] + frame + source[at + 8 + size :]

    result = scrubbed(b"RIFF" + len(body).to_bytes(4, "little") + body, "webp")

    assert result == source


def test_cmyk_keeps_the_mark_of_its_colours() -> None:
    out = io.BytesIO()
    Image.new("CMYK", (8, 8), (10, 200, 30, 40)).save(out, "JPEG")

    result = scrubbed(out.getvalue(), "jpeg")

    assert b"Adobe" in result
    assert Image.open(io.BytesIO(result)).getpixel((1, 1)) == Image.open(out).getpixel((1, 1))


@pytest.mark.parametrize("progressive", [True, False])
def test_restarts_and_several_scans_are_followed(progressive: bool) -> None:
    noise = pyvips.Image.gaussnoise(200, 100, mean=128, sigma=60).cast("uchar")
    source = noise.jpegsave_buffer(interlace=progressive, restart_interval=2, keep=0)

    assert scrubbed(source, "jpeg") == source


def test_contradicting_orientations_leave_it_to_the_encoder() -> None:
    source = private_jpeg(1)
    doubled = source[:2] + segment(0xE1, blobs.camera_exif(orientation=6)) + source[2:]

    assert scrub(doubled, "jpeg", keep_copyright=True) is None


def test_unreadable_exif_leaves_it_to_the_encoder() -> None:
    source = pictures.saved(pictures.plain(), "jpeg", keep=0)
    broken = source[:2] + segment(0xE1, b"Exif\0\0II*\0\xff\xff\xff\xff") + source[2:]

    assert scrub(broken, "jpeg", keep_copyright=True) is None


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_cut_file_leaves_it_to_the_encoder(kind: str) -> None:
    whole = scrubbed(private(kind), kind)

    assert not [n for n in range(len(whole)) if scrub(whole[:n], kind, keep_copyright=True)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("jpeg", b"\xff\xd8\xff\xd9"),
        ("jpeg", b"\xff\xd8" + segment(0xDA, b"") + b"\xff\xd9"),
        ("jpeg", b"\xff\xd8\xff\xd8\xff\xd9"),
        ("png", b"\x89PNG\r\n\x1a\n" + png_chunk(b"IEND", b"")),
        ("png", b"\x89PNG\r\n\x1a\n" + png_chunk(b"CgBI", b"") + png_chunk(b"IEND", b"")),
        ("webp", b"RIFF\x04\0\0\0WEBP"),
        ("webp", b"RIFF\x16\0\0\0WEBP" + riff_chunk(b"VP8X", bytes(10))),
        ("gif", b"GIF89a" + bytes(7) + b";"),
        ("gif", b"GIF89a" + bytes(7) + b"\x21\x01\x01x\0;"),
        ("tiff", b"II*\0"),
        ("avif", b""),
    ],
)
def test_what_is_no_such_picture_leaves_it_to_the_encoder(kind: str, data: bytes) -> None:
    assert scrub(data, kind, keep_copyright=True) is None


@pytest.mark.parametrize("kind", sorted(KINDS))
@given(data=st.data())
def test_mutated_files_raise_nothing(kind: str, data: st.DataObject) -> None:
    blob = bytearray(private(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))

    scrub(bytes(blob), kind, keep_copyright=True)


def corpus() -> list[str]:
    found = blobs.CORPUS.glob("*/*")
    names = (str(path.relative_to(blobs.CORPUS)) for path in found if path.suffix in SUFFIXES)
    return sorted(name for name in names if not name.startswith(("bad/", "formats/huge")))


@blobs.needs_corpus
@pytest.mark.parametrize("name", corpus())
def test_real_pictures_lose_no_pixel(name: str) -> None:
    path = blobs.CORPUS / name
    kind, source = SUFFIXES[path.suffix], path.read_bytes()

    result = scrubbed(source, kind)

    assert pictures.same(pictures.loaded(result, kind), pictures.loaded(source, kind))
    with Image.open(io.BytesIO(source)) as ours, Image.open(io.BytesIO(result)) as theirs:
        assert ours.tobytes() == theirs.tobytes()
        assert exif.orientation(ours.info.get("exif", b"")) == theirs.getexif().get(0x0112, 1)
        assert not theirs.getexif().get_ifd(0x8825)
        assert set(theirs.getexif()) <= {0x0112, 0x013B, 0x8298}
