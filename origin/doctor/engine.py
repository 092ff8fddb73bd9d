"""Python, libvips, and what of libvips a picture can reach."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyvips
from pyvips.base import nickname_find, type_from_name, type_map, type_name

from origin.doctor.finding import Finding, fail, ok
from transforms.codecs import CODECS
from transforms.engine import secure, version
from transforms.errors import EngineError

_BLOCKED: Final = 32  # VIPS_OPERATION_BLOCKED
_FAMILIES: Final = ("VipsForeignLoad", "VipsForeignSave")


def check_engine() -> Sequence[Finding]:
    """For this process: the loaders that it does not need are blocked from then on."""
    python = ok("python", f"{platform.python_implementation()} {platform.python_version()}")
    try:
        secure()
    except EngineError as error:
        return [python, fail("libvips", str(error), "install a newer pyvips-binary")]
    allowed = {name for codec in CODECS.values() for name in codec.operations}
    operations = dict(_operations())
    doors = sorted(name for name, nickname in operations.items() if not _is_blocked(nickname))
    blocked = len(operations) - len(doors)
    libvips = ok("libvips", f"{version()}, pyvips {pyvips.__version__}")
    if strange := set(doors) - allowed:
        names = ", ".join(sorted(strange))
        found = f"{names} can be reached, which nobody needs"
        return [python, libvips, fail("loaders", found, "use the libvips of pyvips-binary")]
    if missing := allowed - operations.keys():
        names = ", ".join(sorted(missing))
        found = f"this libvips has no {names}"
        return [python, libvips, fail("loaders", found, "use the libvips of pyvips-binary")]
    return [python, libvips, ok("loaders", f"{blocked} blocked, {len(doors)} open to pictures")]


def _operations() -> Iterator[tuple[str, str]]:
    """Class and nickname of all that loads or saves."""
    found: list[int] = []

    def visit(kind: int, *_: object) -> Any:
        found.append(kind)
        type_map(kind, visit)
        return pyvips.ffi.NULL

    for family in _FAMILIES:
        type_map(type_from_name(family), visit)
    for kind in found:
        if not nickname_find(kind).endswith("_base"):
            yield type_name(kind), nickname_find(kind)


def _is_blocked(nickname: str) -> bool:
    operation = pyvips.Operation.new_from_name(nickname)
    flags = pyvips.vips_lib.vips_operation_get_flags(operation.pointer)
    return bool(flags & _BLOCKED)
