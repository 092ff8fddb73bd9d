"""What the kernel says of a process, as far as it tells us: how busy it was, where it waits."""

from __future__ import annotations

from pathlib import Path
from typing import Final

# Of `status`. A process that waits in the kernel is in state D, one that was stopped in T.
_FIELDS: Final = (
    "State",
    "Threads",
    "VmRSS",
    "voluntary_ctxt_switches",
    "nonvoluntary_ctxt_switches",
)
_MOST_THREADS: Final = 16


def cpu_ticks(pid: int) -> int:
    """Processor time that it has used, all threads together, in hundredths of seconds; 0 if it is
    gone.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    except (OSError, ValueError, IndexError):
        return 0


def process_state(pid: int) -> dict[str, str]:
    """For people who want to know where it hangs. What we may not read is left out."""
    process = Path(f"/proc/{pid}")
    lines = (line.partition(":") for line in _read(process / "status").splitlines())
    state = {name: value.strip() for name, _, value in lines if name in _FIELDS}
    try:
        threads = sorted((process / "task").iterdir())[:_MOST_THREADS]
    except OSError:
        threads = []
    for name in ("wchan", "syscall"):
        # Of a system call its number alone: what follows are addresses.
        if any(where := [_read(thread / name).partition(" ")[0] for thread in threads]):
            state[name] = " ".join(where)
    return state


def _read(path: Path) -> str:
    """Nothing, if the kernel does not let us."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""
