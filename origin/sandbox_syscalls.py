"""The system calls that a worker needs once it is up: name -> number on x86_64, on aarch64.

Found by tracing workers over pictures of every format, and what the C library, the allocators and
GLib fall back on. None of them can start a program or a process, make a socket, name another
process, or change a file that was not opened for it.
"""

from __future__ import annotations

ARCHITECTURES = ("x86_64", "aarch64")

# The kernel's AUDIT_ARCH_*, and the number of seccomp() itself.
AUDIT = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SECCOMP = {"x86_64": 317, "aarch64": 277}

# None: the architecture has only a newer call. In each group the frequent ones first.
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # threads
    "futex": (202, 98), "clone": (56, 220), "exit": (60, 93), "exit_group": (231, 94),
    "futex_waitv": (449, 449), "get_robust_list": (274, 100), "membarrier": (324, 283),
    "rseq": (334, 293), "set_robust_list": (273, 99), "set_tid_address": (218, 96),
    # memory
    "mmap": (9, 222), "munmap": (11, 215), "madvise": (28, 233), "mprotect": (10, 226),
    "mremap": (25, 216), "brk": (12, 214), "mincore": (27, 232),
    # what is open: the socket to the server, pictures, the log
    "read": (0, 63), "write": (1, 64), "recvmsg": (47, 212), "recvfrom": (45, 207),
    "sendto": (44, 206), "sendmsg": (46, 211), "close": (3, 57), "lseek": (8, 62),
    "pread64": (17, 67), "preadv": (295, 69), "readv": (19, 65), "writev": (20, 66),
    "close_range": (436, 436), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24),
    "eventfd2": (290, 19), "fadvise64": (221, 223), "fcntl": (72, 25), "pipe2": (293, 59),
    "poll": (7, None), "ppoll": (271, 73), "pselect6": (270, 72), "select": (23, None),
    "shutdown": (48, 210),
    # files by name, to read: Landlock says which
    "openat": (257, 56), "open": (2, None), "fstat": (5, 80), "newfstatat": (262, 79),
    "stat": (4, None), "lstat": (6, None), "statx": (332, 291), "access": (21, None),
    "faccessat": (269, 48), "faccessat2": (439, 439), "readlink": (89, None),
    "readlinkat": (267, 78), "getdents64": (217, 61), "getcwd": (79, 17),
    "statfs": (137, 43), "fstatfs": (138, 44),
    # time
    "clock_gettime": (228, 113), "clock_getres": (229, 114), "clock_nanosleep": (230, 115),
    "gettimeofday": (96, 169), "nanosleep": (35, 101), "time": (201, None),
    # signals: its own
    "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132), "restart_syscall": (219, 128), "kill": (62, 129),
    "tgkill": (234, 131),
    # about itself and the machine
    "getpid": (39, 172), "gettid": (186, 178), "getppid": (110, 173), "getuid": (102, 174),
    "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177), "getcpu": (309, 168),
    "getrandom": (318, 278), "getrlimit": (97, 163), "prlimit64": (302, 261),
    "getrusage": (98, 165), "times": (100, 153), "prctl": (157, 167), "sysinfo": (99, 179),
    "uname": (63, 160), "sched_getaffinity": (204, 123), "sched_getattr": (315, 275),
    "sched_yield": (24, 124),
}  # fmt: skip
