"""Landlock: which files a process may still reach, and that it reaches no network.

What is open already stays open. Only fonts are opened late, when an SVG has text, and where libheif
is a library of the system's, the parts that it loads at the first AVIF.
"""

from __future__ import annotations

import os
import struct
from glob import glob

from origin.sandbox_kernel import Kernel, threads

# Patterns; there are no secrets in any of them.
READABLE = (
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/var/cache/fontconfig",
    "/usr/lib*/libheif",
    "/usr/lib/*/libheif",
)

# The same on every architecture.
_CREATE, _ADD_RULE, _RESTRICT = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1
_READ_FILE, _READ_FOLDER = 1 << 2, 1 << 3
# By the version that brought them: everything that can be handled is handled, so refused.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: 1 << 13, 3: 1 << 14, 5: 1 << 15}
_NETWORK_RIGHTS = {4: 0b11}  # to bind and to connect TCP
_SCOPES = {6: 0b11}  # abstract sockets and signals of others
_RULESET = struct.Struct("=QQQ")
_RULE = struct.Struct("=Qi")


def version(kernel: Kernel) -> int:
    """Of the interface; OSError where there is none."""
    return kernel.call(_CREATE, None, 0, _ASK_VERSION)


def restrict(kernel: Kernel) -> str:
    """From now on this thread, and all that it starts, may read `READABLE` and nothing else.

    Says which version did it; OSError if this kernel has none, or if there are other threads.
    """
    abi = version(kernel)
    if (others := threads() - 1) > 0:
        raise OSError(f"expected a process of one thread, {others} more run already")
    attributes = _RULESET.pack(
        *(_known(rights, abi) for rights in (_FILE_RIGHTS, _NETWORK_RIGHTS, _SCOPES))
    )
    # An older kernel knows fewer of the fields.
    size = 8 if abi < 4 else 16 if abi < 6 else 24
    ruleset = kernel.call(_CREATE, attributes, size, 0)
    try:
        for pattern in READABLE:
            for folder in filter(os.path.isdir, glob(pattern)):
                _allow(kernel, ruleset, folder)
        kernel.call(_RESTRICT, ruleset, 0)
    finally:
        os.close(ruleset)
    return f"abi {abi}"


def _allow(kernel: Kernel, ruleset: int, folder: str) -> None:
    opened = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        rule = _RULE.pack(_READ_FILE | _READ_FOLDER, opened)
        kernel.call(_ADD_RULE, ruleset, _BENEATH, rule, 0)
    finally:
        os.close(opened)


def _known(rights: dict[int, int], abi: int) -> int:
    return sum(bits for since, bits in rights.items() if since <= abi)
