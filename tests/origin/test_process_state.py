from __future__ import annotations

import os
import subprocess
import sys
import time

from origin.process_state import cpu_ticks, process_state
from origin.stacks import stacks

NOBODY = 2**22 + 1


def test_a_process_that_computes_uses_processor_time_and_one_that_waits_does_not() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as waits:
        end = time.monotonic() + 30
        before = cpu_ticks(os.getpid())
        while cpu_ticks(os.getpid()) < before + 5:
            assert time.monotonic() < end
        idle = cpu_ticks(waits.pid)
        time.sleep(0.1)

        assert cpu_ticks(waits.pid) <= idle + 5
        assert process_state(waits.pid)["State"].startswith(("S", "R"))
        assert int(process_state(waits.pid)["Threads"]) >= 1
        waits.kill()


def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    assert cpu_ticks(NOBODY) == 0
    assert process_state(NOBODY) == {}


async def test_stacks_tell_of_tasks_and_threads_and_have_an_end() -> None:
    text = stacks()

    assert "Thread MainThread" in text
    assert "test_stacks_tell_of_tasks" in text
    assert len(text) < 25_000
