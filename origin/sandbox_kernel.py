"""The calls into the Linux kernel that Python has no function for, by way of the C library."""

from __future__ import annotations

import ctypes
import os
import sys

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_CAPABILITIES_3 = 0x20080522


class Kernel:
    """Every method raises OSError if the kernel will not."""

    def __init__(self) -> None:
        if not sys.platform.startswith("linux") or sys.maxsize < 2**32:
            raise OSError(f"expected 64-bit Linux, got {sys.platform}")
        self.machine = os.uname().machine
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.syscall.restype = ctypes.c_long

    def call(self, number: int, *arguments: int | bytes | None) -> int:
        """A system call by its number; bytes go as their address."""
        words = [_word(argument) for argument in arguments]
        return self._checked(self._libc.syscall(ctypes.c_long(number), *words))

    def give_up_privileges(self) -> None:
        """For this process and all it may start: nothing raises them again, root has none left."""
        self._prctl(_PR_SET_NO_NEW_PRIVS, 1)
        # Two sets of effective, permitted, inheritable: all empty.
        header = _ints(_CAPABILITIES_3, 0)
        self._checked(self._libc.capset(header, bytes(24)))

    def hide_memory(self) -> None:
        """From others of the same user; and no memory is written to disk when it crashes."""
        self._prctl(_PR_SET_DUMPABLE, 0)

    def end_with_parent(self, signal: int) -> None:
        """The kernel sends it when the thread that started this process ends."""
        self._prctl(_PR_SET_PDEATHSIG, signal)

    def _prctl(self, option: int, value: int) -> None:
        words = [ctypes.c_ulong(word) for word in (value, 0, 0, 0)]
        self._checked(self._libc.prctl(option, *words))

    def _checked(self, result: int) -> int:
        if result < 0:
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))
        return result


def address(data: bytes) -> int:
    """Where they lie, for as long as somebody holds them."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.c_void_p).value or 0


def threads() -> int:
    """How many this process has, those that libraries began included."""
    return len(os.listdir("/proc/self/task"))


def _word(argument: int | bytes | None) -> object:
    return ctypes.c_ulong(argument) if isinstance(argument, int) else argument


def _ints(*values: int) -> bytes:
    return b"".join(value.to_bytes(4, sys.byteorder) for value in values)
