"""SVGs that ask whoever draws them to look elsewhere: in files, on the network, in their own name.

Each is drawn over a green page, so what comes of it is green wherever nothing was found.
"""

from __future__ import annotations

import base64
from pathlib import Path

from tests.pictures import RED, saved, sheet

SPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
GREEN = (0, 128, 0)
_PAGE = '<rect width="100" height="100" fill="green"/>'
_HTML = "http://www.w3.org/1999/xhtml"
_ALL = 'width="100" height="100"'


def red() -> bytes:
    """What must never be seen, as a picture."""
    return saved(sheet(8, 8, RED))


def drawn(body: str, *, before: str = "") -> bytes:
    return f"{before}<svg {SPACE} {_ALL}>{_PAGE}{body}</svg>".encode()


def of_data() -> bytes:
    """A picture that it carries along, which is drawn: no file and no network is needed."""
    text = base64.b64encode(red()).decode()
    return drawn(f'<image {_ALL} xlink:href="data:image/png;base64,{text}"/>')


def drawings(file: Path, port: int) -> dict[str, bytes]:
    """Each names the file, or a server on that port of this machine."""
    web, local = f"http://127.0.0.1:{port}", file.as_uri()
    style, other = f"{web}/a.css", f"{local}#red"
    found = {
        f"image of {place}, {how}": drawn(f'<image {_ALL} {how}="{where}"/>')
        for place, where in (
            ("the web", f"{web}/a.png"),
            ("the web, without a scheme", f"//127.0.0.1:{port}/a.png"),
            ("ftp", f"ftp://127.0.0.1:{port}/a.png"),
            ("a share", f"file://127.0.0.1/{file}"),
            ("a file", local),
            ("a path", str(file)),
            ("a path upwards", f"../../../../../../..{file}"),
            ("a name", file.name),
            ("an open file", "/proc/self/fd/4"),
            ("a drawing in data", f"data:image/svg+xml,%3Csvg {SPACE} {_ALL}%3E%3Cimage {_ALL}"
             f" href='{local}'/%3E%3C/svg%3E".replace('"', "'")),
        )
        for how in ("href", "xlink:href")
    }  # fmt: skip
    kinds = "<!DOCTYPE svg"
    found |= {
        "entity of a file": drawn(
            '<text y="50">&x;</text>', before=f'{kinds} [<!ENTITY x SYSTEM "{local}">]>'
        ),
        "entity of the web": drawn(
            '<text y="50">&x;</text>', before=f'{kinds} [<!ENTITY x SYSTEM "{web}/x">]>'
        ),
        "parameter entity": drawn(
            "", before=f'{kinds} [<!ENTITY % x SYSTEM "{web}/x.dtd"> %x;]>'
        ),
        "document type of the web": drawn("", before=f'{kinds} SYSTEM "{web}/x.dtd">'),
        "document type of a file": drawn("", before=f'{kinds} SYSTEM "{local}">'),
        "xinclude of a file": drawn(
            f'<text y="50"><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" parse="text"'
            f' href="{local}"/></text>'
        ),
        "xinclude of a drawing": drawn(
            f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{web}/a.svg">'
            "<xi:fallback/></xi:include>"
        ),
        "style sheet before it": drawn("", before=f'<?xml-stylesheet href="{style}"?>'),
        "style sheet of a file": drawn("", before=f'<?xml-stylesheet href="{local}"?>'),
        "style that imports": drawn(f'<style>@import url("{style}"); @import "{local}";</style>'),
        "font of the web": drawn(
            f'<style>@font-face {{font-family:f;src:url("{web}/f.woff")}}</style>'
            '<g style="font-family:f"/>'
        ),
        "link": drawn(f'<link xmlns="{_HTML}" rel="stylesheet" href="{style}"/>'),
        "use of a file": drawn(f'<use xlink:href="{other}"/>'),
        "use of the web": drawn(f'<use href="{web}/a.svg#red"/>'),
        "paint of a file": drawn(f"<rect {_ALL} fill=\"url('{other}') green\"/>"),
        "filter of a file": drawn(f"<rect {_ALL} fill=\"green\" filter=\"url('{other}')\"/>"),
        "filter with an image": drawn(
            f'<filter id="f"><feImage href="{local}"/></filter>'
            f'<g filter="url(#f)"><path d="M0 0"/></g>'
        ),
        "mask of the web": drawn(f"<g mask=\"url('{web}/a.svg#m')\"/>"),
        "pattern of a file": drawn(f'<pattern id="p" href="{other}"/><g fill="url(#p)"/>'),
        "colour profile": drawn(f'<color-profile name="p" xlink:href="{web}/a.icc"/>'),
        "cursor": drawn(f'<cursor xlink:href="{web}/a.png"/><g style="cursor:url({web}/c.png)"/>'),
        "script": drawn(f'<script xlink:href="{web}/a.js"/><script>fetch("{web}/b")</script>'),
        "event": drawn(f"<g onload=\"fetch('{web}/c')\"><set onbegin=\"fetch('{web}')\"/></g>"),
        "link to a script": drawn(f'<a xlink:href="javascript:fetch(\'{web}\')"><g/></a>'),
        "page inside": drawn(
            f'<foreignObject {_ALL}><iframe xmlns="{_HTML}" src="{web}/"/>'
            f'<img xmlns="{_HTML}" src="{local}"/></foreignObject>'
        ),
        "sound and film": drawn(f'<audio href="{web}/a.mp3"/><video href="{local}"/>'),
        "base elsewhere": drawn(f'<g xml:base="{web}/"><image {_ALL} href="a.png"/></g>'),
        "language of a file": drawn(f'<switch><image {_ALL} href="{local}"/></switch>'),
    }  # fmt: skip
    return found
