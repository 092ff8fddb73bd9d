"""Test vectors for whoever checks signatures outside of `signing/`: edges in other languages.

python -m tests.edge.vectors        writes edge-config/vectors.json again
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from origin.errors import answer_to
from origin.negotiation import offered_formats
from origin.sources.reference import Reference
from signing.errors import SignatureError
from signing.imgproxy import ImgproxyScheme
from tests.edge.edges import CONFIG, PAIRS
from transforms.dialects.imgproxy import Imgproxy

FILE = CONFIG / "vectors.json"
AUTO = ("avif", "webp")

_RESTS = (
    "/rs:fill:300:200/q:80/plain/s3://shop/shoes/red.jpg@webp",
    "/w:100/plain/local:///cat.jpg",
    "/w:100/plain/s3://shop/caf%C3%A9%20%40%2F.jpg",
    "/w:100/plain/https://a.example/b/c.png%3Fversion=2@avif",
    "/w:100/aHR0cHM6Ly9hLmV4YW1wbGUvYi9jLnBuZw.png",
    "/w:100/aHR0cHM6Ly9h/LmV4YW1wbGUv/Yi9jLnBuZw.jpg",
    "/w:1/-/blur:3/bG9jYWw6Ly8vY2F0LmpwZw",
    "/plain/local:///%3A/cat.jpg",
)
_ACCEPTS = (
    "",
    "*/*",
    "image/*",
    "image/avif",
    "image/webp",
    "image/avif,image/webp",
    "image/webp,image/avif",
    "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
    "text/html,application/xhtml+xml,image/avif,image/webp,*/*;q=0.8",
    "image/webp,image/png,image/svg+xml,image/*;q=0.8,video/*;q=0.8,*/*;q=0.5",
    "image/avif;q=0,image/webp",
    "image/avif;q=0.0, image/webp;q=0.000",
    "image/avif;q=0.5,image/webp;q=0.9",
    "image/avif;q=0.9,image/webp;q=0.5",
    "image/avif;q=0.900,image/webp;q=0.9",
    "image/avif;q=0.1,image/webp;q=0.05",
    "image/avif ; q=0.2 , image/webp ; Q=0.1",
    "IMAGE/AVIF,Image/WebP",
    "image/webp;q=1.0,image/avif;q=1",
    "image/avifs,image/webp2",
    "ximage/avif,image/webpx",
    "image/png,image/jpeg;q=0.9",
    "application/json",
)


@dataclass(frozen=True, slots=True)
class Vector:
    """A signed path: what was signed and the source that it names, or why it is refused."""

    path: str
    rest: str = ""
    source: str = ""
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class Vectors:
    """accept: what clients send, and the one of four values that an edge makes of it."""

    pairs: tuple[tuple[str, str], ...]
    accepted: tuple[Vector, ...]
    refused: tuple[Vector, ...]
    accept: dict[str, str]


def make() -> Vectors:
    """From `signing/` and `origin/negotiation.py`, which they are about."""
    scheme = ImgproxyScheme(PAIRS)
    older = ImgproxyScheme(PAIRS[1:])
    short = ImgproxyScheme(PAIRS, size=16)
    rests = [rest.encode() for rest in _RESTS]
    good = [scheme.sign(rest) for rest in rests]
    good += [older.sign(rests[0]), short.sign(rests[0])]
    # What proxies do to a URL on its way.
    good.append(good[0].replace(b"rs:fill:300", b"rs%3Afill%3a300"))
    good.append(good[0].replace(b"s3://", b"s3:/"))
    good.append(good[1].replace(b"local:///", b"local:/"))
    bad = [
        *(_changed(path) for path in good[:3]),
        good[0].replace(b"q:80", b"q:81"),
        good[0].replace(b"red.jpg", b"red%2Ejpg"),
        good[0][:44] + b"=" + good[0][44:],
        good[0][:40] + b"+" + good[0][41:],
        good[0][:16] + good[0][44:],
        good[0][:21] + good[0][44:],
        _spare_bits(good[0]),
        b"/" + good[0][1:44] * 2 + rests[0],
        b"/unsafe" + rests[0],
        rests[0],
        good[0][:44],
        b"/",
        b"//" + rests[0],
    ]
    return Vectors(
        pairs=tuple((pair.key.hex(), pair.salt.hex()) for pair in PAIRS),
        accepted=tuple(_accepted(path, scheme.verify(path)) for path in good),
        refused=tuple(Vector(path.decode(), refusal=_refusal(scheme, path)) for path in bad),
        accept={accept: reduced(accept) for accept in _ACCEPTS},
    )


def reduced(accept: str) -> str:
    """Who likes WebP better than AVIF gets WebP: a bucket less, and nothing is lost."""
    offered = offered_formats(accept, AUTO)
    if offered[:1] == ("webp",):
        offered = ("webp",)
    return ",".join(f"image/{name}" for name in offered) or "*/*"


def written(vectors: Vectors) -> str:
    told: dict[str, Any] = {"made by": "python -m tests.edge.vectors", **asdict(vectors)}
    for vector in (*told["accepted"], *told["refused"]):
        for name in [name for name, value in vector.items() if not value]:
            del vector[name]
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def _accepted(path: bytes, rest: bytes) -> Vector:
    source = Reference.parse(Imgproxy().parse(rest).source)
    return Vector(path.decode(), rest.decode(), str(source))


def _refusal(scheme: ImgproxyScheme, path: bytes) -> str:
    try:
        scheme.verify(path)
    except SignatureError as error:
        return answer_to(error).code
    raise AssertionError(f"{path!r} is signed")


def _changed(path: bytes) -> bytes:
    return path[:5] + (b"A" if path[5:6] != b"A" else b"B") + path[6:]


def _spare_bits(path: bytes) -> bytes:
    """The last of 43 characters has two bits that mean nothing, and have to be 0."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = alphabet.index(path[43])
    return path[:43] + alphabet[at + 1 : at + 2] + path[44:]


VECTORS = make()

if __name__ == "__main__":
    FILE.write_text(written(VECTORS))
