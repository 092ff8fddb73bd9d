"""Metadata as cameras and editors write it, full of things that must not get out."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

CORPUS = Path(__file__).parents[3] / "../shared/corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the shared corpus is not here")

COPYRIGHT = "© 2024 Jürgen Müller".encode()
ARTIST = b"Jane Photographer"
SERIAL = b"SERIAL-0123456789"
MAKER_NOTE = b"MAKER-NOTE-WITH-PREVIEW"
THUMBNAIL = b"\xff\xd8THUMBNAIL-BYTES\xff\xd9"
EDITOR = b"SecretEditor 1.0"
COORDINATES = (46, 1, 50, 1, 331557, 10000)

ASCII, SHORT, LONG, RATIONAL, UNDEFINED = 2, 3, 4, 5, 7

type_sizes = {ASCII: 1, SHORT: 2, LONG: 4, RATIONAL: 8, UNDEFINED: 1}
Row = tuple[int, int, bytes]


def directory(order: str, rows: list[Row], at: int, following: int = 0) -> bytes:
    """A directory of (tag, kind, value) whose long values follow it."""
    head = [struct.pack(order + "H", len(rows))]
    heap, values = at + 6 + 12 * len(rows), b""
    for tag, kind, value in rows:
        head.append(struct.pack(order + "HHI", tag, kind, len(value) // type_sizes[kind]))
        if len(value) <= 4:
            head.append(value.ljust(4, b"\0"))
        else:
            head.append(struct.pack(order + "I", heap + len(values)))
            values += value
    return b"".join([*head, struct.pack(order + "I", following), values])


def camera_exif(order: str = "<", *, orientation: int = 1, rights: bool = True) -> bytes:
    """Everything at once: rights, serial number, maker note, GPS and a thumbnail in IFD1."""

    def short(value: int) -> bytes:
        return struct.pack(order + "H", value)

    def long(value: int) -> bytes:
        return struct.pack(order + "I", value)

    def top(shot: int, gps: int) -> list[Row]:
        said = [(0x013B, ASCII, ARTIST + b"\0"), (0x8298, ASCII, COPYRIGHT + b"\0")]
        return [
            (0x0112, SHORT, short(orientation)),
            (0x0131, ASCII, EDITOR + b"\0"),
            *(said if rights else []),
            (0x8769, LONG, long(shot)),
            (0x8825, LONG, long(gps)),
        ]

    def shot(interop: int) -> list[Row]:
        return [
            (0x9003, ASCII, b"2024:01:02 03:04:05\0"),
            (0x927C, UNDEFINED, MAKER_NOTE),
            (0xA005, LONG, long(interop)),
            (0xA431, ASCII, SERIAL + b"\0"),
        ]

    degrees = struct.pack(order + "6I", *COORDINATES)
    gps: list[Row] = [(1, ASCII, b"N\0"), (2, RATIONAL, degrees)]
    interop: list[Row] = [(1, ASCII, b"R98\0")]
    at_shot = 8 + len(directory(order, top(0, 0), 0))
    at_gps = at_shot + len(directory(order, shot(0), 0))
    at_interop = at_gps + len(directory(order, gps, 0))
    at_thumbnail = at_interop + len(directory(order, interop, 0))

    def preview(start: int) -> list[Row]:
        return [(0x0201, LONG, long(start)), (0x0202, LONG, long(len(THUMBNAIL)))]

    after = at_thumbnail + len(directory(order, preview(0), 0))
    return b"".join(
        [
            b"Exif\0\0" + (b"II*\0" if order == "<" else b"MM\0*") + long(8),
            directory(order, top(at_shot, at_gps), 8, at_thumbnail),
            directory(order, shot(at_interop), at_shot),
            directory(order, gps, at_gps),
            directory(order, interop, at_interop),
            directory(order, preview(after), at_thumbnail),
            THUMBNAIL,
        ]
    )


def coordinates(order: str = "<") -> bytes:
    """The latitude as `camera_exif` writes it."""
    return struct.pack(order + "6I", *COORDINATES)


def dataset(record: int, number: int, value: bytes) -> bytes:
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def resource(number: int, data: bytes, name: bytes = b"") -> bytes:
    title = bytes((len(name),)) + name
    title += b"\0" * (len(title) % 2)
    body = struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    return b"8BIM" + struct.pack(">H", number) + title + body


DATASETS = b"".join(
    [
        dataset(1, 90, b"\x1b%G"),
        dataset(2, 80, b"By Line"),
        dataset(2, 90, b"SecretCity"),
        dataset(2, 110, b"Credit Agency"),
        dataset(2, 116, COPYRIGHT),
        dataset(2, 202, b"PREVIEW-IN-IPTC"),
    ]
)
PHOTOSHOP = b"".join(
    [
        b"Photoshop 3.0\0",
        resource(0x040C, b"THUMBNAIL-IN-8BIM", b"odd"),
        resource(0x0404, DATASETS),
        resource(0x0422, camera_exif()),
    ]
)

XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="secret-id" xmlns:dc="http://purl.org/dc/elements/1.1/"
  xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tag="http://www.dji.com/drone-dji/1.0/"
  xmlns:xapRights="http://ns.adobe.com/xap/1.0/rights/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
  xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" xmlns:aux="http://ns.adobe.com/exif/1.0/aux/"
  xmlns:cc="http://creativecommons.org/ns#"
  exif:GPSLatitude="46,50.5526N" tag:GpsLongtitude="+91.9937" tag:RelativeAltitude="+88.5"
  aux:SerialNumber="SERIAL-0123456789" xapRights:Marked="True">
 <exif:GPSLongitude>91,59.6222W</exif:GPSLongitude>
 <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Müller &amp; Co</rdf:li></rdf:Alt></dc:rights>
 <dc:creator><rdf:Seq><rdf:li>Jane Photographer</rdf:li></rdf:Seq></dc:creator>
 <dc:description><rdf:Alt><rdf:li xml:lang="x-default">At home</rdf:li></rdf:Alt></dc:description>
 <cc:license rdf:resource="https://creativecommons.org/licenses/by/4.0/"/>
 <xmp:Thumbnails><rdf:Alt><rdf:li rdf:parseType="Resource">
  <xmpGImg:image>THUMBNAILINXMP</xmpGImg:image></rdf:li></rdf:Alt></xmp:Thumbnails>
 <xmp:CreatorTool>SecretEditor 1.0</xmp:CreatorTool>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>""".encode()
