"""A drawing is drawn from its own bytes: no file is opened for it, and nobody is called."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from loadtests.fuzz.outcome import PICTURE
from origin.sandbox_landlock import READABLE
from tests.hostile import strace
from tests.hostile.drawings import GREEN, drawings, drawn, of_data, red
from tests.hostile.siege import Attack, Siege, besieged
from tests.pictures import RED, close, pixels

ROOT = Path(__file__).parents[2]
ASKED = "w:50@png"
NAMES = list(drawings(Path("/any"), 1))
# A drawing that names itself in another file would show it.
TELLTALE = drawn('<g id="red"><rect width="100" height="100" fill="red"/></g>')

# What a worker does with what it has, with its own threads, and what libraries ask about
# themselves or, refused, about the machine. Fonts alone are opened late. Where strace may not read
# the names of files, that they were not opened has to be enough.
HARMLESS = (
    r"(recvmsg|recvfrom|sendto|sendmsg|getsockname|getpeername|shutdown|exit|exit_group|futex)\W",
    r"newfstatat\(\d+, (\"\",|0x[0-9a-f]+, .*(AT_EMPTY_PATH|<unfinished))",
    r"clone3?\(.*CLONE_THREAD",
    r"clone3\(.* = -1 ENOSYS",
    r"\w+ resumed>",
    r"\w+\((AT_FDCWD, )?\"/proc/self/cgroup\"",
    r"\w+\((AT_FDCWD, )?0x[0-9a-f]+, O_RDONLY[A-Z_|]*(\) += -1 E| <unfinished)",
    *(rf"\w+\((AT_FDCWD, )?\"{folder.replace('*', '[^/]*')}\W(?!.*/\.\./)" for folder in READABLE),
)


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("canary")
    (folder / "red.svg").write_bytes(TELLTALE)
    (folder / "red.png").write_bytes(red())
    return folder / "red.png"


@pytest.fixture(scope="module")
def listening() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        yield server


@pytest.fixture(scope="module")
def siege(canary: Path, listening: socket.socket) -> Siege:
    port = listening.getsockname()[1]
    # Of the file, and of its twin that is a drawing itself.
    attacks = {
        f"{name}{twin}": Attack(partial(lambda data: data, data), ASKED)
        for twin, file in (("", canary), (" twin", canary.with_suffix(".svg")))
        for name, data in drawings(file, port).items()
    }
    attacks["data"] = Attack(of_data, ASKED)
    attacks["itself"] = Attack(lambda: TELLTALE, ASKED)
    return asyncio.run(besieged(attacks, count=1))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_from_elsewhere_is_seen(name: str, siege: Siege) -> None:
    for outcome in (siege.outcomes[name], siege.outcomes[f"{name} twin"]):
        assert outcome.right, outcome
        if outcome.made is not None:
            seen = pixels(outcome.made).reshape(-1, 3)
            assert close(seen, GREEN)


def test_nobody_is_called(siege: Siege, listening: socket.socket) -> None:
    assert siege.outcomes

    with pytest.raises(BlockingIOError):
        listening.accept()


@pytest.mark.parametrize("name", ["data", "itself"])
def test_what_a_drawing_carries_along_would_be_seen(name: str, siege: Siege) -> None:
    outcome = siege.outcomes[name]
    if outcome.kind == "UnsupportedSource":
        pytest.skip(f"drawings are not read: {outcome.words}")

    assert outcome.kind == PICTURE, outcome
    assert outcome.made is not None
    assert close(pixels(outcome.made)[25, 25], RED)


@pytest.fixture(scope="module")
def trace(canary: Path, tmp_path_factory: pytest.TempPathFactory) -> strace.Trace:
    if reason := strace.why_not():
        pytest.skip(reason)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        command = [sys.executable, "-m", "tests.hostile.traced", str(canary), port]
        return strace.traced(command, ROOT, tmp_path_factory.mktemp("trace") / "log")


def beyond(calls: list[strace.Call]) -> list[str]:
    """Those that reach for what the process has not got."""
    return [
        told for told in map(str, calls) if not any(re.match(known, told) for known in HARMLESS)
    ]


def test_a_trace_shows_what_is_reached_for_even_if_it_is_refused(trace: strace.Trace) -> None:
    told = json.loads(trace.printed.splitlines()[-1])

    calls = trace.after_ready(told["control"])

    reached = beyond(calls)
    assert {"socket", "execve"} <= {call.partition("(")[0] for call in reached}, reached
    assert not [call for call in reached if re.search(r" = \d+$", call)]
    # Who has no rights over other processes is shown no names of files, only whether they opened.
    opened = [str(call) for call in calls if call.name == "openat" and "resumed" not in str(call)]
    assert [call for call in opened if "canary" in call or "(AT_FDCWD, 0x" in call]


def test_a_worker_reaches_for_no_file_no_socket_and_no_program(trace: strace.Trace) -> None:
    told = json.loads(trace.printed.splitlines()[-1])

    calls = trace.after_ready(told["worker"])

    assert told["same"], "the worker was replaced: what it did is not in the trace"
    assert len(calls) > 2 * len(told["kinds"])
    assert beyond(calls) == []
