"""What a process that was taken over might try, tried by a process that confined itself.

`python -m tests.origin.confined 1` is a server with two workers, at work on something long.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

_REFUSED = "PermissionError ENOSYS"

# What, the layer that is enough to stop it, how, and the names of the errors that will do.
ATTEMPTS: list[tuple[str, str, str, str]] = [
    ("read a file", "landlock", "open('/etc/passwd').read()", _REFUSED),
    ("list a folder", "landlock", "os.listdir('/')", _REFUSED),
    ("read its environment", "landlock", "open('/proc/self/environ').read()", _REFUSED),
    ("read the server's memory", "landlock", "open(f'/proc/{server}/mem', 'rb')", _REFUSED),
    ("read the server's environment", "landlock", "open(f'/proc/{server}/environ')", _REFUSED),
    ("create a file", "seccomp", "open(target / 'new', 'w')", _REFUSED),
    ("overwrite a file", "seccomp", "os.open(target / 'old', os.O_RDWR)", _REFUSED),
    ("cut a file", "seccomp", "os.truncate(target / 'old', 0)", _REFUSED),
    ("remove a file", "seccomp", "os.unlink(target / 'old')", _REFUSED),
    ("rename a file", "seccomp", "os.rename(target / 'old', target / 'new')", _REFUSED),
    ("link a file", "seccomp", "os.symlink('/etc', target / 'new')", _REFUSED),
    ("make a folder", "seccomp", "os.mkdir(target / 'new')", _REFUSED),
    ("change rights", "seccomp", "os.chmod(target / 'old', 0o777)", _REFUSED),
    ("change an owner", "seccomp", "os.chown(target / 'old', 1, 1)", _REFUSED),
    ("change an attribute", "seccomp", "os.setxattr(target / 'old', 'user.a', b'')", _REFUSED),
    ("write to an open file", "limits", "os.write(writable, b'x')", "EFBIG"),
    ("make a file in memory", "seccomp", "os.memfd_create('x')", _REFUSED),
    ("make a socket", "seccomp", "socket.socket()", _REFUSED),
    ("make a datagram", "seccomp", "socket.socket(type=socket.SOCK_DGRAM)", _REFUSED),
    ("make a pair", "seccomp", "socket.socketpair()", _REFUSED),
    ("connect a socket it has", "seccomp", "inet.connect(('127.0.0.1', port))", _REFUSED),
    ("bind a socket it has", "seccomp", "inet.bind(('127.0.0.1', 0))", _REFUSED),
    ("become a program", "seccomp", "os.execv('/bin/true', ['true'])", _REFUSED),
    ("start a program", "seccomp", "os.posix_spawn('/bin/true', ['true'], {})", _REFUSED),
    ("fork", "seccomp", "os.fork() or os._exit(0)", _REFUSED),
    ("clone3", "seccomp", "c('syscall', 435, bytes(88), 88)", _REFUSED),
    ("trace the server", "seccomp", "c('ptrace', 16, server, 0, 0)", _REFUSED),
    ("read by process_vm", "seccomp", "c('process_vm_readv', server, 0, 0, 0, 0, 0)", _REFUSED),
    ("signal the server", "seccomp", "os.kill(server, 0)", _REFUSED),
    ("signal everybody", "seccomp", "os.kill(-1, 0)", _REFUSED),
    ("have signals sent", "seccomp", "fcntl.fcntl(writable, fcntl.F_SETOWN, server)", _REFUSED),
    ("limit the server", "seccomp", "resource.prlimit(server, 7, (9, 9))", _REFUSED),
    ("lift its limits", "seccomp", "resource.setrlimit(7, (5000, 5000))", "ValueError ENOSYS"),
    ("outlive the server", "seccomp", "c('prctl', 1, 0)", _REFUSED),
    (
        "open by openat2",
        "seccomp",
        "c('syscall', 437, -100, b'/etc/passwd', bytes(24), 24)",
        _REFUSED,
    ),
    ("go round by io_uring", "seccomp", "c('syscall', 425, 8, bytes(120))", _REFUSED),
    ("leave its namespaces", "seccomp", "c('unshare', 0x10000000)", _REFUSED),
    ("mount", "seccomp", "c('mount', b'a', b'/mnt', b'tmpfs', 0, 0)", _REFUSED),
    ("write to a terminal", "seccomp", "fcntl.ioctl(writable, 0x5412, b'x')", _REFUSED),
    ("take all memory", "limits", "bytearray(4 << 30)", "MemoryError"),
    ("take all descriptors", "limits", "[os.dup(0) for _ in range(1000)]", "EMFILE"),
]
_ALLOWED = {
    "read an open file": "assert os.pread(readable, 3, 0) == b'old'",
    "receive a descriptor": "assert socket.recv_fds(link, 4, 1)[0] == b'file'",
    "start a thread": "t = threading.Thread(target=print); t.start(); t.join()",
    "signal itself": "os.kill(os.getpid(), 0)",
}
_PROGRAM = """
import ctypes, errno, fcntl, json, os, resource, socket, sys, threading
from pathlib import Path
from origin.sandbox import Confinement, confine
target, server, port = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
attempts, link = json.loads(sys.argv[4]), socket.socket(fileno=int(sys.argv[5]))
libc = ctypes.CDLL(None, use_errno=True)
def c(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)
writable, readable = os.open(target / "log", os.O_RDWR), os.open(target / "old", os.O_RDONLY)
inet = socket.socket()
outcomes = {"layers": json.dumps(confine(Confinement(memory_mb=256)))}
for name, code in attempts.items():
    try:
        exec(code)
        outcomes[name] = "ok"
    except OSError as error:
        refused = isinstance(error, PermissionError)
        outcomes[name] = "PermissionError" if refused else errno.errorcode[error.errno]
    except BaseException as error:
        outcomes[name] = type(error).__name__
print(json.dumps(outcomes))
"""


def attempt_all(target: Path) -> dict[str, str]:
    """Outcome by name; `layers` is what the process says of its sandbox."""
    (target / "old").write_bytes(b"old")
    (target / "log").write_bytes(b"")
    attempts = {name: code for name, _, code, _ in ATTEMPTS} | _ALLOWED
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.create_server(("127.0.0.1", 0)) as listening:
        with (target / "old").open("rb") as file:
            socket.send_fds(ours, [b"file"], [file.fileno()])
        ran = subprocess.run(
            [
                sys.executable, "-c", _PROGRAM, str(target), str(os.getpid()),
                str(listening.getsockname()[1]), json.dumps(attempts), str(theirs.fileno()),
            ],
            cwd=ROOT, pass_fds=[theirs.fileno()], capture_output=True, timeout=60, check=True,
        )  # fmt: skip
    outcomes: dict[str, str] = json.loads(ran.stdout.splitlines()[-1])
    return outcomes


async def _serve(at_work: bool) -> None:
    import pyvips

    from origin.picture_file import sealed_picture
    from origin.workers import open_workers
    from tests.pictures import planned
    from transforms.limits import Limits

    image = pyvips.Image.gaussnoise(2600, 2600, sigma=80).cast("uchar")
    noise = sealed_picture(image.pngsave_buffer(compression=1))
    async with open_workers(2, Limits()) as workers:
        tasks = [
            asyncio.create_task(workers.render(planned("q:100@avif"), noise, {}))
            for _ in range(2 * at_work)
        ]
        await asyncio.sleep(0.3)
        print(json.dumps(workers.pids), flush=True)
        await asyncio.gather(*tasks)
        await asyncio.sleep(60)


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1] == "1"))
