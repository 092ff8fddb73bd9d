"""Every picture here is small as a file and claims, or is, far more than anyone should decode.

A bomb is written when it is asked for: together they would be hundreds of megabytes of text.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.hostile.bombs import avif, bmp, gif, jpeg, png, svg, tiff, webp

BOMBS: dict[str, Callable[[], bytes]] = {
    f"{kind.__name__.rpartition('.')[2]} {name}": write
    for kind in (png, gif, webp, tiff, jpeg, avif, bmp, svg)
    for name, write in kind.BOMBS.items()
}
