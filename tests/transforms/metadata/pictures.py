"""Small pictures with private metadata, and what a reader can find in a file."""

from __future__ import annotations

import io
import zlib

import pyvips
from PIL import Image

from tests.transforms.metadata import blobs

OPERATIONS = {
    "jpeg": "jpeg",
    "png": "png",
    "webp": "webp",
    "avif": "heif",
    "tiff": "tiff",
    "gif": "gif",
}
SECRETS = (
    blobs.coordinates("<"),
    blobs.coordinates(">"),
    blobs.SERIAL,
    blobs.MAKER_NOTE,
    blobs.EDITOR,
    b"46,50.5526N",
    b"+91.9937",
    b"GPSL",
    b"THUMBNAIL",
    b"PREVIEW",
    b"SecretCity",
    b"secret",
)
PLACES = tuple(
    s for s in SECRETS if s not in (blobs.SERIAL, blobs.EDITOR, b"SecretCity", b"secret")
)


def saved(image: pyvips.Image, kind: str, *, keep: int = 63) -> bytes:
    options = {"compression": "av1"} if kind == "avif" else {}
    written: object = pyvips.Operation.call(
        f"{OPERATIONS[kind]}save_buffer", image, keep=keep, **options
    )
    assert isinstance(written, bytes)
    return written


def loaded(data: bytes, kind: str) -> pyvips.Image:
    options = {"n": -1} if kind in ("gif", "webp") else {}
    image: object = pyvips.Operation.call(f"{OPERATIONS[kind]}load_buffer", data, **options)
    assert isinstance(image, pyvips.Image)
    return image


def blob(image: pyvips.Image, field: str) -> bytes:
    found: object = image.get(field) if image.get_typeof(field) else b""
    assert isinstance(found, bytes)
    return found


def same(one: pyvips.Image, other: pyvips.Image) -> bool:
    shapes = {(i.width, i.height, i.bands, i.format) for i in (one, other)}
    return len(shapes) == 1 and one.subtract(other).abs().max() == 0


def plain(width: int = 24, height: int = 16) -> pyvips.Image:
    x = pyvips.Image.xyz(width, height)
    return (x.bandjoin(x[0] + x[1]) * 5).cast("uchar").copy(interpretation="srgb")


def photographed(*, rights: bool = True, orientation: int = 1) -> pyvips.Image:
    """An image with all the metadata that libvips may find in a file."""
    image = plain()
    for name, blob in (
        ("exif-data", blobs.camera_exif(rights=rights, orientation=orientation)),
        ("xmp-data", blobs.XMP),
        ("iptc-data", blobs.PHOTOSHOP),
        ("photoshop-data", blobs.PHOTOSHOP),
        ("gainmap-data", blobs.THUMBNAIL),
    ):
        image.set_type(pyvips.GValue.blob_type, name, blob)  # type: ignore[arg-type]
    for name, text in (
        ("png-comment-0-Comment", "secret"),
        ("png-comment-1-GPSLatitude", "46,50.5526N"),
        ("gif-comment", "secret"),
        ("image-description", "secret"),
    ):
        image.set_type(pyvips.GValue.gstr_type, name, text)
    return image


def contents(data: bytes) -> bytes:
    """The file's bytes, with the text that PNG compresses laid open."""
    texts = [data]
    at = 8
    while data.startswith(b"\x89PNG") and at < len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name in (b"zTXt", b"iTXt"):
            texts += _inflated(data[at + 8 : at + 8 + size])
        at += 12 + size
    return b"".join(texts)


def _inflated(payload: bytes) -> list[bytes]:
    found = []
    for at in range(len(payload) - 1):
        if payload[at] == 0x78:
            try:
                found.append(zlib.decompress(payload[at:]))
            except zlib.error:
                continue
    return found


def exif_of(data: bytes) -> Image.Exif:
    return Image.open(io.BytesIO(data)).getexif()
