"""Every codec, one file each, and the choice among them.

Which loader runs is decided here, by our own look at the first bytes, never by libvips' guess.
"""

from __future__ import annotations

import importlib
import pkgutil

from transforms.codec import Bytes, Codec
from transforms.errors import UnsupportedSource
from transforms.formats import Format

# As much of a source as `sniff` looks at.
SNIFFED = 4096

CODECS: dict[Format, Codec] = {
    module.CODEC.format: module.CODEC
    for module in (
        importlib.import_module(found.name)
        for found in pkgutil.iter_modules(__path__, f"{__name__}.")
    )
    if hasattr(module, "CODEC")
}


def sniffed(data: Bytes) -> Codec:
    """The codec that reads these bytes; UnsupportedSource if none does."""
    head = data[:SNIFFED]
    for codec in CODECS.values():
        if codec.load and codec.sniff(head):
            return codec
    readable = ", ".join(codec.format for codec in CODECS.values() if codec.load)
    raise UnsupportedSource(f"the source is not a picture of a known kind ({readable})")


def is_drawn(head: Bytes) -> bool:
    """Whether what begins like this is a vector drawing: nobody foresees how long one takes."""
    return any(codec.vector and codec.sniff(head[:SNIFFED]) for codec in CODECS.values())
