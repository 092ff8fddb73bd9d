"""What a worker gives up before it sees the first picture, so that one that a picture took over
can do nothing but compute.

    limits              memory, open files, no core dumps, nothing written to a file
    no_new_privileges   for good; no capabilities, memory hidden from others of the same user
    landlock            no file but fonts, no TCP, no signals and sockets of others
    seccomp             only the system calls of a short list: no program, process, socket, file

Each is put on where the kernel has it; those that are not are reported, with the reason.
"""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from origin import sandbox_landlock, sandbox_seccomp
from origin.sandbox_kernel import Kernel

LAYERS = ("limits", "no_new_privileges", "landlock", "seccomp")
# As many as the pictures of one job, those of the start, fonts, and what libraries open between.
_OPEN_FILES = 256


@dataclass(frozen=True, slots=True)
class Confinement:
    """on: False leaves out every layer, for debugging. memory_mb: 2^20 bytes, 0 any number."""

    on: bool = True
    memory_mb: int = 3072


class Layer(NamedTuple):
    """words: its version, or why it is not on."""

    on: bool
    words: str = ""


def confine(confinement: Confinement) -> dict[str, Layer]:
    """For this process, for good. Call it before there are other threads."""
    if not confinement.on:
        return dict.fromkeys(LAYERS, Layer(False, "switched off (SAFELIGHT_SANDBOX)"))
    return {
        "limits": _layer(lambda: _limit(confinement.memory_mb)),
        "no_new_privileges": _layer(_give_up_privileges),
        "landlock": _layer(lambda: sandbox_landlock.restrict(Kernel())),
        # Last: it takes away the calls that the others are made of.
        "seccomp": _layer(lambda: sandbox_seccomp.install(Kernel())),
    }


def end_with(parent: int) -> None:
    """From now on this process does not outlive the one with that number.

    OSError where the kernel cannot do that; SystemExit if it is too late.
    """
    Kernel().end_with_parent(signal.SIGKILL)
    # It may have ended before the kernel was told.
    if os.getppid() != parent:
        raise SystemExit(1)


def told(layers: Mapping[str, Layer]) -> dict[str, bool | str]:
    """For operators: False, True or the version."""
    return {name: (layer.words or True) if layer.on else False for name, layer in layers.items()}


def missing(layers: Mapping[str, Layer]) -> dict[str, str]:
    """Those that are not on, and why."""
    return {name: layer.words for name, layer in layers.items() if not layer.on}


def _layer(put_on: Callable[[], str | None]) -> Layer:
    try:
        return Layer(True, put_on() or "")
    except (OSError, ValueError) as error:
        return Layer(False, str(error))


def _limit(memory_mb: int) -> None:
    # Address space would count pictures that are mapped, and what allocators merely reserve. The
    # number of processes is one for all of a user's: seccomp sees to it that there are no more.
    if memory_mb:
        _at_most(resource.RLIMIT_DATA, memory_mb << 20)
    _at_most(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _at_most(resource.RLIMIT_CORE, 0)
    _at_most(resource.RLIMIT_FSIZE, 0)


def _at_most(which: int, value: int) -> None:
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _give_up_privileges() -> None:
    kernel = Kernel()
    kernel.give_up_privileges()
    kernel.hide_memory()
