"""An event loop that stands still is told of with the place where it does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The expression holds the interpreter's lock all the while: no thread of Python's could speak.
_PROGRAM = """
import asyncio, re, sys, time
from origin.heartbeat import heartbeat

def dawdle(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        re.match(r"(a|a)*b", "a" * 18)

async def main():
    async with heartbeat(seconds=float(sys.argv[1])):
        for seconds in sys.argv[2:]:
            await asyncio.sleep(0.3)
            dawdle(float(seconds))
            await asyncio.sleep(0.3)
    time.sleep(0.6)

asyncio.run(main())
"""


def said(seconds: float, *dawdles: float) -> str:
    """What a loop with that heartbeat writes to stderr while something dawdles in it."""
    arguments = [str(number) for number in (seconds, *dawdles)]
    ran = subprocess.run(
        [sys.executable, "-c", _PROGRAM, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout + ran.stderr


def test_each_standstill_is_told_once_while_it_lasts_and_when_it_is_over() -> None:
    words = said(0.4, 1.5, 1.5)

    assert words.count("Timeout (0:00:00.4") == 2
    assert words.count("in dawdle") == 2
    assert words.count("event loop stood still") == 2


def test_a_loop_that_turns_says_nothing() -> None:
    assert said(20, 0.1) == ""
