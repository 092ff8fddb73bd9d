"""SVGs: a language, so a few lines of it can ask for as much work as one likes."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable

from tests.hostile.bombs import png

SPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def svg(body: str, size: str = 'width="100" height="100"', *, before: str = "") -> bytes:
    return f"{before}<svg {SPACE} {size}>{body}</svg>".encode()


def _entities() -> bytes:
    steps = "".join(f'<!ENTITY {chr(98 + one)} "{f"&{chr(97 + one)};" * 10}">' for one in range(9))
    kinds = f'<!DOCTYPE svg [<!ENTITY a "lol">{steps}]>'
    return svg("<text>&j;</text>", before=f'<?xml version="1.0"?>{kinds}')


def _long_entity() -> bytes:
    kinds = f'<!DOCTYPE svg [<!ENTITY a "{"x" * 2000}">]>'
    return svg("<text>" + "&a;" * 100_000 + "</text>", before=f'<?xml version="1.0"?>{kinds}')


def _uses(times: int, depth: int) -> bytes:
    groups = "".join(
        f'<g id="a{one + 1}">{f"""<use xlink:href="#a{one}"/>""" * times}</g>'
        for one in range(depth)
    )
    first = '<g id="a0"><rect width="1" height="1"/></g>'
    return svg(f'<defs>{first}{groups}</defs><use xlink:href="#a{depth}"/>')


def _filters() -> bytes:
    steps = (
        '<feGaussianBlur stdDeviation="500"/><feTurbulence numOctaves="100" baseFrequency="1"/>'
        '<feMorphology operator="dilate" radius="500"/>'
    ) * 20
    area = 'x="-500%" y="-500%" width="1100%" height="1100%"'
    drawn = '<rect width="100" height="100" filter="url(#f)"/>'
    return svg(f'<filter id="f" {area}>{steps}</filter>{drawn}')


def _pattern() -> bytes:
    cell = '<pattern id="p" width="0.0001" height="0.0001" patternUnits="userSpaceOnUse">'
    return svg(f'{cell}<circle r="1"/></pattern><rect width="100000" height="99" fill="url(#p)"/>')


def _masks() -> bytes:
    masks = "".join(
        f'<mask id="m{one}"><rect width="100" height="100" mask="url(#m{one + 1})"/></mask>'
        for one in range(2000)
    )
    return svg(f'{masks}<rect width="100" height="100" mask="url(#m0)"/>')


def _picture_inside(data: bytes) -> bytes:
    text = base64.b64encode(data).decode()
    return svg(f'<image width="99" height="99" xlink:href="data:image/png;base64,{text}"/>')


def _rules() -> bytes:
    rules = "".join(f"g g g g g g .c{one} > *:not(rect) {{fill:red}}" for one in range(1000))
    return svg(f"<style>{rules}</style>" + "<g>" * 200 + '<rect class="c1"/>' * 3000 + "</g>" * 200)


_ALL = '<rect width="100%" height="100%" fill="red"/>'

BOMBS: dict[str, Callable[[], bytes]] = {
    "1e9 squared": lambda: svg(_ALL, 'width="1000000000" height="1000000000"'),
    "30000x30000": lambda: svg(_ALL, 'width="30000" height="30000"'),
    "9999x9999": lambda: svg(_ALL, 'width="9999" height="9999"'),
    "1x1000000": lambda: svg(_ALL, 'width="1" height="1000000"'),
    "no size": lambda: svg(_ALL, ""),
    "zero size": lambda: svg(_ALL, 'width="0" height="0"'),
    "odd size": lambda: svg(_ALL, 'width="-5" height="NaN" viewBox="0 0 1e308 1e-308"'),
    "10^9 entities": _entities,
    "200 MB of one entity": _long_entity,
    "10^9 uses": lambda: _uses(10, 9),
    "uses in a circle": lambda: svg(
        '<g id="a"><use xlink:href="#b"/></g><g id="b"><use xlink:href="#a"/></g>'
    ),
    "50000 groups in one another": lambda: svg("<g>" * 50_000 + "</g>" * 50_000),
    "200000 attributes": lambda: svg("<g " + " ".join(f'a{n}="1"' for n in range(200_000)) + "/>"),
    "9 MB path": lambda: svg('<path stroke="red" d="M0 0' + "L9 9L0 7" * 1_100_000 + '"/>'),
    "11 MB": lambda: svg("<!--" + " " * (11 << 20) + "-->"),
    "filters": _filters,
    "patterns": _pattern,
    "2000 masks in one another": _masks,
    "many rules": _rules,
    "bomb inside": lambda: _picture_inside(png.black(30_000, 30_000, 1, png.GREY)),
    "9999x9999 inside": lambda: _picture_inside(png.black(9999, 9999, 8, png.RGBA)),
    "64 MB, packed": lambda: gzip.compress(svg("<!--" + " " * (64 << 20) + "-->"), 9, mtime=0),
    "64 MB inside, packed": lambda: svg(
        '<image width="9" height="9" xlink:href="data:image/svg+xml;base64,'
        + base64.b64encode(gzip.compress(svg(" " * (64 << 20)), 9, mtime=0)).decode()
        + '"/>'
    ),
    "utf-16": lambda: b"\xff\xfe" + svg(_ALL).decode().encode("utf-16-le"),
    "huge text": lambda: svg('<text font-size="1e7" x="-9e6" y="9">' + "W" * 5000 + "</text>"),
    "dashes": lambda: svg('<path d="M0 0H1e9" stroke="red" stroke-dasharray="0.0001"/>'),
}
