"""seccomp: the kernel lets a process make the system calls of a list, and no others.

A list of what is allowed and not of what is dangerous: what the kernel learns next is refused from
the start. A call that is not on it fails with ENOSYS, as on a kernel that has not heard of it, so
that libraries fall back on what is; the wrong arguments fail with EPERM.

    is this the architecture? ─ no ─▶ the process is killed
    number = a? ─ yes ─▶ arguments as they must be? ─ no ─▶ EPERM      ─ yes ─▶ allowed
    number = b? …
    ENOSYS
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct

from origin.sandbox_kernel import Kernel, address
from origin.sandbox_syscalls import ARCHITECTURES, AUDIT, NUMBERS, SECCOMP

_INSTRUCTION = struct.Struct("=HBBI")
_LOAD, _RETURN, _IF_EQUAL, _IF_BITS = 0x20, 0x06, 0x15, 0x45
_ALLOW, _KILL, _FAIL = 0x7FFF0000, 0x80000000, 0x00050000
_SET_FILTER = 1
# For all threads. And not with the brakes on speculation that kernels before 5.16 put on with a
# filter: they guard parts of one process from each other.
_FLAGS = 1 | 4

_WRITES = os.O_ACCMODE | os.O_CREAT | os.O_TRUNC
_CLONE_THREAD = 0x10000
_CLONE_NAMESPACES = 0x7E020000
# PR_SET_NAME, PR_GET_NAME, PR_SET_VMA
_PRCTLS = (15, 16, 0x53564D41)
# Neither who is told by a signal, nor the flags of the log, which the server has too.
_FCNTLS = (fcntl.F_DUPFD, fcntl.F_DUPFD_CLOEXEC, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL,
           fcntl.F_GET_SEALS)  # fmt: skip


def install(kernel: Kernel) -> None:
    """OSError if this kernel has no filters, or this architecture no list."""
    if kernel.machine not in ARCHITECTURES:
        raise OSError(f"expected {' or '.join(ARCHITECTURES)}, got {kernel.machine}")
    code = program(kernel.machine, os.getpid())
    with_length = struct.pack("@HP", len(code) // _INSTRUCTION.size, address(code))
    blocked = kernel.call(SECCOMP[kernel.machine], _SET_FILTER, _FLAGS, with_length)
    if blocked:
        raise OSError(f"thread {blocked} has another filter")


def program(machine: str, pid: int) -> bytes:
    """For a process of this architecture and number."""
    column = ARCHITECTURES.index(machine)
    checks = _checks(pid)
    code = [_load(4), _if(_IF_EQUAL, AUDIT[machine], yes=1), _return(_KILL), _load(0)]
    for name, numbers in NUMBERS.items():
        number = numbers[column]
        if number is not None:
            checked = [*checks.get(name, ()), _return(_ALLOW)]
            code += [_if(_IF_EQUAL, number, no=len(checked)), *checked]
    code.append(_return(_FAIL | errno.ENOSYS))
    return b"".join(code)


def _checks(pid: int) -> dict[str, list[bytes]]:
    """What the arguments of some calls must be like."""
    return {
        # clone3 has its flags where a filter cannot look; the C library then takes this one.
        "clone": [*_with(0, _CLONE_THREAD), *_without(0, _CLONE_NAMESPACES)],
        "open": _without(1, _WRITES),
        "openat": _without(2, _WRITES),
        "fcntl": _one_of(1, *_FCNTLS),
        "kill": _one_of(0, pid),
        "tgkill": _one_of(0, pid),
        "prctl": _one_of(0, *_PRCTLS),
        # To ask, of oneself: the new limit is no pointer, in both halves.
        "prlimit64": [*_one_of(0, 0), *_one_of(2, 0), *_one_of(2, 0, high=True)],
    }


def _one_of(argument: int, *values: int, high: bool = False) -> list[bytes]:
    """Half of the argument must be one of the values: what the kernel reads of an int."""
    tests = [_if(_IF_EQUAL, value, yes=len(values) - place) for place, value in enumerate(values)]
    return [_load(_offset(argument) + 4 * high), *tests, _return(_FAIL | errno.EPERM)]


def _with(argument: int, bit: int) -> list[bytes]:
    return [_load(_offset(argument)), _if(_IF_BITS, bit, yes=1), _return(_FAIL | errno.EPERM)]


def _without(argument: int, bits: int) -> list[bytes]:
    return [_load(_offset(argument)), _if(_IF_BITS, bits, no=1), _return(_FAIL | errno.EPERM)]


def _offset(argument: int) -> int:
    """Of its lower half; both architectures are little-endian."""
    return 16 + 8 * argument


def _load(offset: int) -> bytes:
    return _INSTRUCTION.pack(_LOAD, 0, 0, offset)


def _if(what: int, value: int, *, yes: int = 0, no: int = 0) -> bytes:
    """How many instructions to skip."""
    return _INSTRUCTION.pack(what, yes, no, value)


def _return(action: int) -> bytes:
    return _INSTRUCTION.pack(_RETURN, 0, 0, action)
