"""Which processors the generator has to itself, so that it measures the server and not its own wait
for one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cores:
    """The same for both where there is only one."""

    generator: frozenset[int]
    server: frozenset[int]


def divide() -> Cores:
    """The last one for the generator, all others for the server and its workers."""
    cores = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(cores[-1:]), frozenset(cores[:-1] or cores))


def divide_for(workers: int) -> Cores:
    """The same, unless that would leave so many workers less than a core each."""
    cores = divide()
    if len(cores.server) >= workers:
        return cores
    everything = frozenset(os.sched_getaffinity(0))
    return Cores(everything, everything)


@contextmanager
def only_on(cores: frozenset[int]) -> Iterator[None]:
    """This thread, and the processes that it starts until the block is left."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
