"""Make libvips safe for strangers' pictures: nothing cached, one thread, loaders by allow-list."""

from __future__ import annotations

import functools

import pyvips

from transforms.codecs import CODECS
from transforms.errors import EngineError

# Bumped whenever the same plan on the same source comes to make other bytes.
EPOCH = 1

# Everything that reads or writes files, and what runs other programs.
_BLOCKED = ("VipsForeignLoad", "VipsForeignSave", "VipsSystem")


@functools.cache
def secure() -> None:
    """Call before the first picture; further calls do nothing.

    EngineError if this libvips cannot block what is not needed.
    """
    if not pyvips.at_least_libvips(8, 13):
        raise EngineError(
            f"libvips {version()} is too old: 8.13 is the first that can block loaders"
        )
    # Progress callbacks crash on a cached operation, and memory is better spent on results.
    pyvips.cache_set_max(0)
    pyvips.concurrency_set(1)  # type: ignore[attr-defined]  # missing in the stubs
    pyvips.block_untrusted_set(True)
    for name in _BLOCKED:
        pyvips.operation_block_set(name, True)
    for codec in CODECS.values():
        for name in codec.operations:
            pyvips.operation_block_set(name, False)


def read_drawings(*, allowed: bool) -> None:
    """Whether the parser of vector graphics can be reached at all."""
    for codec in CODECS.values():
        if codec.vector:
            for name in codec.operations:
                pyvips.operation_block_set(name, not allowed)


def version() -> str:
    return ".".join(str(pyvips.version(part)) for part in range(3))


def identity() -> str:
    """What a result depends on beside its plan and its source."""
    return f"{EPOCH}/{version()}"
