"""The shortest file of every kind that some libvips reads and we do not, to be named `.jpg`.

Each begins as its loader wants it: what gets past our own look at the first bytes is for libvips,
or for what it hands on to, to choose.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile

from tests.hostile.bombs.avif import box


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("Slidedat.ini", "[GENERAL]\nSLIDE_ID = 1\n")
    return out.getvalue()


def _tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("x.dcm"))
    return out.getvalue()


def _vips(order: str) -> bytes:
    magic = 0x08F2A6B6 if order == "<" else 0xB6A6F208
    numbers = struct.pack(f"{order}7i", 2, 2, 1, 8, 0, 0, 1)
    return struct.pack("<I", magic) + numbers + bytes(32) + bytes(4)


def _analyze() -> bytes:
    header = bytearray(struct.pack("<i", 348).ljust(348, b"\0"))
    struct.pack_into("<5h", header, 40, 2, 2, 2, 1, 1)
    struct.pack_into("<2h", header, 70, 2, 8)
    return bytes(header) + bytes(4)


def _nifti() -> bytes:
    return _analyze()[:344] + b"n+1\0" + bytes(8)


def _dicom() -> bytes:
    return bytes(128) + b"DICM" + b"\x02\0\0\0UL\x04\0\0\0\0\0"


_PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
_JXL_BOX = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl " + bytes(4) + b"jxl ")
_JP2_BOX = b"\0\0\0\x0cjP  \r\n\x87\n" + box(b"ftyp", b"jp2 " + bytes(4) + b"jp2 ")
_GAIN = b"http://ns.adobe.com/hdr-gain-map/1.0/"

# By loader, then what is read by ImageMagick, by others, and what is no picture at all.
DISGUISES: dict[str, bytes] = {
    "matrix": b"2 2\n1 2\n3 4\n",
    "matrix with a scale": b"2 2 1 0\n1 2\n3 4\n",
    "csv": b"1,2\n3,4\n",
    "csv of tabs": b"1\t2\n3\t4\n",
    "raw": bytes(range(48)),
    "vips": _vips("<"),
    "vips, the other order": _vips(">"),
    "analyze": _analyze(),
    "nifti": _nifti(),
    "nifti, packed": gzip.compress(_nifti(), mtime=0),
    **{f"ppm P{kind}": f"P{kind} 2 2 255 ".encode() + bytes(12) for kind in (1, 2, 3, 4, 5, 6)},
    "pam": b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\n" + bytes(3),
    "pfm": b"PF\n1 1\n-1.0\n" + bytes(12),
    "radiance": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 1 +X 1\n" + bytes(4),
    "radiance, old": b"#?RGBE\n\n-Y 1 +X 1\n" + bytes(4),
    "fits": b"SIMPLE  =                    T".ljust(80) + b"END".ljust(2800),
    "mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\0\x01IM",
    "openexr": b"\x76\x2f\x31\x01\x02\0\0\0" + b"channels\0chlist\0\x01\0\0\0\0",
    "pdf": _PDF,
    "pdf after a line": b"\n" + _PDF,
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\nshowpage\n",
    "postscript of Windows": b"\xc5\xd0\xd3\xc6" + bytes(26) + b"%!PS\n",
    "jpeg xl": b"\xff\x0a\xfa\x7f\x90\x90\x08\0\0",
    "jpeg xl in a box": _JXL_BOX,
    "jpeg 2000": _JP2_BOX,
    "jpeg 2000 codestream": b"\xff\x4f\xff\x51\0\x29" + bytes(39),
    "heic": box(b"ftyp", b"heic" + bytes(4) + b"mif1heic") + bytes(32),
    "heif of anything": box(b"ftyp", b"mif1" + bytes(4) + b"mif1miaf") + bytes(32),
    "heif of jpeg": box(b"ftyp", b"jpeg" + bytes(4) + b"mif1jpeg") + bytes(32),
    "openslide mirax": _zip(),
    "openslide dicom": _dicom(),
    "openslide vms": b"[Virtual Microscope Specimen]\nNoLayers=1\nImageFile=/etc/passwd\n",
    "raw of Fujifilm": b"FUJIFILMCCD-RAW 0201FF389501X-T1" + bytes(64),
    "raw of Olympus": b"IIRO\x08\0\0\0" + bytes(64),
    "raw of Panasonic": b"IIU\0\x18\0\0\0" + bytes(64),
    "raw of Sigma": b"FOVb" + bytes(64),
    "raw of Canon": b"II\x1a\0\0\0HEAPCCDR" + bytes(64),
    "raw of Canon, new": box(b"ftyp", b"crx " + bytes(4) + b"crx isom"),
    "raw of Minolta": b"\0MRM" + bytes(64),
    "deep zoom": b'<?xml version="1.0"?><Image TileSize="254" Url="/etc/passwd" Format="jpg"/>',
    "svg, packed": gzip.compress(b'<svg xmlns="http://www.w3.org/2000/svg"/>', mtime=0),
    # ImageMagick's, among them those that read other files, run programs or ask the network
    "mvg": b"push graphic-context\nviewbox 0 0 9 9\nimage over 0,0 0,0 'text:/etc/passwd'\n",
    "msl": b'<?xml version="1.0"?><image><read filename="/etc/passwd"/></image>',
    "miff": b"id=ImageMagick  class=DirectClass\ncolumns=1  rows=1  depth=8\n\f\n:\x1a" + bytes(3),
    "mpc": b"id=MagickPixelCache\ncolumns=1  rows=1\n\f\n:\x1a",
    "text for magick": b"text:/etc/passwd",
    "url for magick": b"https://127.0.0.1:9/a.png|touch /tmp/x",
    "psd": b"8BPS\0\x01" + bytes(6) + b"\0\x03\0\0\0\x01\0\0\0\x01\0\x08\0\x03" + bytes(16),
    "xcf": b"gimp xcf file\0\0\0\0\x01\0\0\0\x01\0\0\0\0",
    "ico": b"\0\0\x01\0\x01\0\x01\x01\0\0\x01\0\x20\0\x30\0\0\0\x16\0\0\0" + bytes(48),
    "cur": b"\0\0\x02\0\x01\0\x01\x01\0\0\0\0\0\0\x30\0\0\0\x16\0\0\0" + bytes(48),
    "icns": b"icns\0\0\0\x10ic07" + bytes(4),
    "dds": b"DDS \x7c\0\0\0" + bytes(120),
    "pcx": b"\x0a\x05\x01\x08" + bytes(124),
    "tga": b"\0\0\x02\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x18\0" + bytes(3),
    "sgi": b"\x01\xda\0\x01\0\x03" + bytes(506),
    "sun": b"\x59\xa6\x6a\x95" + bytes(28),
    "xpm": b'/* XPM */\nstatic char *x[] = {"1 1 1 1", "a c red", "a"};\n',
    "xbm": b"#define x_width 8\n#define x_height 1\nstatic char x_bits[] = {0};\n",
    "wmf": b"\xd7\xcd\xc6\x9a" + bytes(18),
    "emf": b"\x01\0\0\0\x6c\0\0\0" + bytes(32) + b" EMF" + bytes(60),
    "pict": bytes(522) + b"\0\x11\x02\xff\x0c\0" + bytes(24),
    "djvu": b"AT&TFORM\0\0\0\x04DJVU",
    "flif": b"FLIF\x31\x31\0\x01",
    "qoi": b"qoif\0\0\0\x01\0\0\0\x01\x03\0" + bytes(8),
    "farbfeld": b"farbfeld\0\0\0\x01\0\0\0\x01" + bytes(8),
    "mng": b"\x8aMNG\r\n\x1a\n" + bytes(32),
    "jng": b"\x8bJNG\r\n\x1a\n" + bytes(32),
    "font": b"\0\x01\0\0\0\x01\0\x10\0\0\0\0" + bytes(16),
    # what else is found under the name of a picture
    "mp4": box(b"ftyp", b"isom" + bytes(4) + b"isomavc1"),
    "webm": b"\x1a\x45\xdf\xa3\x80",
    "avi": b"RIFF\x04\0\0\0AVI ",
    "html": b"<!doctype html><html><script>1</script></html>",
    "html with a drawing": b"<html><body><svg xmlns='http://www.w3.org/2000/svg'/></body></html>",
    "xml": b'<?xml version="1.0"?><note/>',
    "zip": b"PK\x03\x04" + bytes(26),
    "tar": _tar(),
    "gzip": gzip.compress(b"\xff\xd8\xff", mtime=0),
    "program": b"\x7fELF\x02\x01\x01" + bytes(57),
    "script": b"#!/bin/sh\ntouch /tmp/x\n",
    "text": b"just text",
    "zeros": bytes(65536),
    "nothing": b"",
    "one byte": b"\xff",
    "space and a jpeg": b" \xff\xd8\xff\xe0",
}

# Some loader of libvips would take these too, or before; ours are JPEG and TIFF.
OURS: dict[str, bytes] = {
    "gain map": b"\xff\xd8\xff\xe1" + struct.pack(">H", len(_GAIN) + 2) + _GAIN + b"\xff\xd9",
    "raw of Canon in tiff": b"II*\0\x10\0\0\0CR\x02\0" + bytes(64),
    "raw of Nikon in tiff": b"MM\0*\0\0\0\x08" + bytes(64),
    "openslide in tiff": b"II*\0\x08\0\0\0" + bytes(8) + b"Aperio Image Library v10",
}
