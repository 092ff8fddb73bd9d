"""System calls of a program and all that it starts, as the kernel saw them, refused ones too."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PROGRAM = shutil.which("strace")
_SECONDS = 120
# What is by name or to elsewhere; the rest a worker does all the time.
_TRACED = "trace=%file,%network,%process"
_LINE = re.compile(r"(\d+) +(?:<\.\.\. )?(\w+)(.*)")
_STARTED = re.compile(r"= (\d+)$")
_STARTS = ("clone", "clone3", "fork", "vfork")


@dataclass(frozen=True, slots=True)
class Call:
    process: int
    name: str
    words: str

    def __str__(self) -> str:
        return f"{self.name}{self.words}"


@dataclass(frozen=True, slots=True)
class Trace:
    """printed: by the program."""

    calls: Sequence[Call]
    printed: str

    def after_ready(self, process: int) -> list[Call]:
        """What the process and its threads called after the first thing that it sent."""
        family = {process}
        for call in self.calls:
            started = _STARTED.search(call.words) if call.name in _STARTS else None
            if started and call.process in family:
                family.add(int(started[1]))
        ours = [call for call in self.calls if call.process in family]
        ready = next(place for place, call in enumerate(ours) if call.name == "sendto")
        return ours[ready + 1 :]


def why_not() -> str:
    """Nothing if processes can be traced here."""
    if PROGRAM is None:
        return "no strace here: apt-get install strace"
    tried = subprocess.run(
        [PROGRAM, "-f", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False
    )
    return "" if tried.returncode == 0 else f"strace may not trace here: {tried.stderr.strip()}"


def traced(command: Sequence[str], folder: Path, log: Path) -> Trace:
    assert PROGRAM is not None
    done = subprocess.run(
        [PROGRAM, "-f", "-s", "200", "-e", _TRACED, "-o", str(log), *command],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = (_LINE.match(line) for line in log.read_text(errors="replace").splitlines())
    calls = [Call(int(one[1]), one[2], one[3]) for one in found if one]
    return Trace(calls, done.stdout)
