"""The name a browser saves a picture under: Content-Disposition (RFC 6266, RFC 8187).

    inline; filename="cat.webp"
    attachment; filename="K_se.webp"; filename*=UTF-8''K%C3%A4se.webp

The stem is the given name, else the last path component of the source, else `image`; the extension
is always that of the bytes we send. Names come from strangers' URLs, and end up in a header and in
a file system: nothing survives that means something in either.
"""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import quote, unquote

MAX_LENGTH: Final = 200  # code points of the whole name, extension included
DEFAULT_STEM: Final = "image"

_RESERVED: Final = frozenset('/\\:*?"<>|')  # of the quoted string, of POSIX, of Windows


def content_disposition(
    *, filename: str | None, source: str, extension: str, attachment: bool
) -> str:
    """The whole field value, in ASCII for any input.

    A given name is a stem (imgproxy's rule: `a.jpg` sent as WebP is `a.jpg.webp`), but an
    extension that it already has is not doubled.
    """
    suffix = _suffix(extension)
    stem = _stem(filename or "", suffix) or _stem(_source_stem(source), "") or DEFAULT_STEM
    name = _trim(stem[: MAX_LENGTH - len(suffix)]) + suffix
    plain = _plain(name)
    value = f'{"attachment" if attachment else "inline"}; filename="{plain}"'
    return value if plain == name else f"{value}; filename*=UTF-8''{quote(name, safe='')}"


def _stem(name: str, suffix: str) -> str:
    text = _clean(name)
    if suffix and text.lower().endswith(suffix):
        text = text[: -len(suffix)]
    return _trim(text)


def _source_stem(source: str) -> str:
    """`https://host/a/my%20cat.jpg?v=2` -> `my cat`; empty if the reference has no path.

    Cut by hand: `urlsplit` raises on a lone bracket and silently drops control characters. Only
    web addresses have fragments; elsewhere `#` is a character like any other.
    """
    path = source.partition("?")[0]
    if path[:8].lower().startswith(("http://", "https://")):
        path = path.partition("#")[0]
    _, scheme_end, rest = path.partition("://")
    if scheme_end:
        path = rest.partition("/")[2]
    name = unquote(path, errors="replace").rpartition("/")[2]
    stem, dot, _ = name.rpartition(".")
    return stem if dot else name


def _clean(text: str) -> str:
    """Drop what is invisible (controls, bidirectional overrides, surrogates); replace what acts."""
    return " ".join("".join(map(_safe, text)).split())


def _safe(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character).startswith("C"):
        return ""
    return "_" if character in _RESERVED else character


def _trim(text: str) -> str:
    """No hidden file, no `..`, and no dot or space at the end, which Windows would drop."""
    return text.strip(". ")


def _suffix(extension: str) -> str:
    letters = "".join(filter(str.isalnum, extension.encode("ascii", "ignore").decode()))
    return f".{letters[:16].lower()}" if letters else ""


def _plain(name: str) -> str:
    """For readers of `filename` alone; some decode percent signs or stop at a semicolon there."""
    return "".join("_" if char in "%;" or not char.isascii() else char for char in name)
