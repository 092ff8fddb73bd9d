"""What a check found, in one line: how bad it is, what there is, and what to do about it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from origin.settings import Settings


class Level(StrEnum):
    """WARN: it works, but not as well or as safely as it could. FAIL: something does not work."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """check: the part that was looked at. fix: nothing where nothing is to be done."""

    level: Level
    check: str
    found: str
    fix: str = ""

    def __str__(self) -> str:
        fix = f"; fix: {self.fix}" if self.fix else ""
        return f"{self.level:<4} " + " ".join(f"{self.check}: {self.found}{fix}".split())


Check = Callable[[Settings], Awaitable[Sequence[Finding]]]


def ok(check: str, found: str) -> Finding:
    return Finding(Level.OK, check, found)


def warn(check: str, found: str, fix: str) -> Finding:
    return Finding(Level.WARN, check, found, fix)


def fail(check: str, found: str, fix: str) -> Finding:
    return Finding(Level.FAIL, check, found, fix)
