"""A worker that a picture took over can compute and answer, and nothing else."""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import io
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
import structlog
from PIL import Image

from origin.errors import WorkerCrashed
from origin.picture_file import sealed_picture
from origin.sandbox import LAYERS, Confinement, Layer, missing, told
from origin.sandbox_seccomp import program
from origin.sandbox_syscalls import ARCHITECTURES, AUDIT, NUMBERS, SECCOMP
from origin.wire import pack_ready, unpack_ready
from origin.workers import Workers, open_workers
from tests.origin.confined import ATTEMPTS, ROOT, attempt_all
from tests.pictures import planned
from transforms.errors import TransformError
from transforms.limits import Limits

FORMATS = Path(__file__).parents[3] / "shared" / "corpus" / "formats"
OPEN = Confinement(on=False)
TEXT = b"""<svg xmlns="http://www.w3.org/2000/svg" width="200" height="60">
<text x="10" y="40" font-size="30">Hello \xce\xa9</text></svg>"""


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What became of each attempt, and which layers there were."""
    return attempt_all(tmp_path_factory.mktemp("target"))


@pytest.fixture
async def confined() -> AsyncIterator[Workers]:
    async with open_workers(1, Limits()) as opened:
        yield opened


@pytest.fixture
async def free() -> AsyncIterator[Workers]:
    async with open_workers(1, Limits(), confinement=OPEN) as opened:
        yield opened


def require(outcomes: dict[str, str], layer: str) -> None:
    on, words = json.loads(outcomes["layers"])[layer]
    if not on:
        pytest.skip(f"no {layer} here: {words}")


@pytest.mark.parametrize("name", [name for name, *_ in ATTEMPTS])
def test_a_confined_process_cannot(name: str, outcomes: dict[str, str]) -> None:
    _, layer, _, expected = next(row for row in ATTEMPTS if row[0] == name)
    require(outcomes, layer)

    assert outcomes[name] in expected.split()


def test_a_confined_process_reads_on_from_what_is_open(outcomes: dict[str, str]) -> None:
    assert outcomes["read an open file"] == "ok"
    assert outcomes["receive a descriptor"] == "ok"


def test_a_confined_process_has_threads_and_signals_of_its_own(outcomes: dict[str, str]) -> None:
    assert outcomes["start a thread"] == "ok"
    assert outcomes["signal itself"] == "ok"


def test_numbers_of_calls_are_those_of_libseccomp() -> None:
    name = ctypes.util.find_library("seccomp")
    if name is None:
        pytest.skip("no libseccomp here")
    resolve = ctypes.CDLL(name).seccomp_syscall_resolve_name_arch

    for column, machine in enumerate(ARCHITECTURES):
        for call, numbers in {**NUMBERS, "seccomp": tuple(SECCOMP.values())}.items():
            if numbers[column] is not None:
                known = resolve(ctypes.c_uint32(AUDIT[machine]), call.encode())
                assert known == numbers[column], f"{call} on {machine}"


@pytest.mark.parametrize("machine", ARCHITECTURES)
def test_a_program_is_one_that_the_kernel_takes(machine: str) -> None:
    code = program(machine, 1234)

    assert len(code) % 8 == 0
    assert len(code) // 8 < 4096


async def test_a_worker_says_what_confines_it(confined: Workers) -> None:
    facts = confined.facts()["sandbox"]

    assert set(facts) == set(LAYERS)
    assert facts["limits"] is True
    assert facts["no_new_privileges"] is True


async def test_the_sandbox_can_be_switched_off_and_that_is_said() -> None:
    with structlog.testing.capture_logs() as logs:
        async with open_workers(2, Limits(), confinement=OPEN) as workers:
            facts = workers.facts()

    warnings = [line for line in logs if line["event"] == "sandbox incomplete"]
    assert facts["sandbox"] == dict.fromkeys(LAYERS, False)
    assert len(warnings) == 1
    assert "SAFELIGHT_SANDBOX" in warnings[0]["seccomp"]


def test_what_a_worker_says_arrives() -> None:
    layers = {**dict.fromkeys(LAYERS, Layer(True)), "landlock": Layer(False, "no such call")}

    arrived = unpack_ready(pack_ready(layers))

    assert arrived == layers
    assert told(arrived)["landlock"] is False
    assert missing(arrived) == {"landlock": "no such call"}


@pytest.mark.parametrize("line", [b"", b"ready\n", b"[]\n", b'{"limits": [true, ""]}\n'])
def test_what_no_worker_says_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        unpack_ready(line)


async def test_pictures_of_every_format_come_out_the_same(confined: Workers, free: Workers) -> None:
    if not FORMATS.is_dir():
        pytest.skip("no corpus here")

    for path in sorted(FORMATS.iterdir()):
        data = path.read_bytes()
        assert await digest(confined, data, "w:40@png") == await digest(free, data, "w:40@png"), (
            path.name
        )


@pytest.mark.parametrize("kind", ["jpg", "png", "webp", "avif", "gif", "tiff"])
async def test_every_format_is_written_the_same(
    kind: str, confined: Workers, free: Workers
) -> None:
    image = pyvips.Image.gaussnoise(300, 200, mean=128, sigma=40).cast("uchar")
    data = image.pngsave_buffer()

    assert await digest(confined, data, f"@{kind}") == await digest(free, data, f"@{kind}")


async def test_text_in_an_svg_is_drawn(confined: Workers, free: Workers) -> None:
    drawn = (await free.render(planned("@png"), sealed_picture(TEXT), {})).data
    if not np.asarray(Image.open(io.BytesIO(drawn)).convert("RGBA"))[..., 3].any():
        pytest.skip("no fonts here")

    assert (await confined.render(planned("@png"), sealed_picture(TEXT), {})).data == drawn


async def test_a_large_picture_needs_no_file_on_disk(confined: Workers) -> None:
    # Over 100 MB of pixels, which libvips by itself would put into /tmp.
    data = pyvips.Image.black(8000, 6000, bands=3).webpsave_buffer(effort=0)

    made = await confined.render(planned("w:5000@jpg"), sealed_picture(data), {})

    assert made.width == 5000


async def test_a_picture_that_takes_too_much_memory_fails_alone() -> None:
    black = pyvips.Image.black(9000, 9000, bands=3)
    bomb = sealed_picture(black.pngsave_buffer(compression=1))
    small = sealed_picture(black.crop(0, 0, 60, 40).pngsave_buffer())

    async with open_workers(1, Limits(), confinement=Confinement(memory_mb=128)) as workers:
        with pytest.raises((TransformError, WorkerCrashed)):
            await workers.render(planned("rot:90@png"), bomb, {})
        made = await workers.render(planned("w:30@png"), small, {})

    assert made.width == 30


@pytest.mark.parametrize("at_work", [False, True])
def test_workers_die_with_the_server(at_work: bool) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.origin.confined", str(int(at_work))],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    with server:
        assert server.stdout is not None
        pids = json.loads(server.stdout.readline())
        server.kill()

    assert len(pids) == 2
    ended(pids)


def test_a_worker_whose_server_died_before_it_was_told_ends_at_once() -> None:
    program = "from origin.sandbox import end_with; end_with(-1); print('lives')"

    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)

    assert (ran.returncode, ran.stdout) == (1, b"")


async def digest(workers: Workers, data: bytes, url: str) -> str:
    """Of the result, or why there is none."""
    try:
        encoded = await workers.render(planned(url), sealed_picture(data), {})
    except TransformError as error:
        return f"{type(error).__name__}: {error}"
    return hashlib.sha256(encoded.data).hexdigest()


def ended(pids: list[int]) -> None:
    """Waits until none of the processes runs; fails if that takes long."""
    deadline = time.monotonic() + 20
    while any(map(runs, pids)):
        assert time.monotonic() < deadline, "a worker outlived its server"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """False too for one that waits to be reaped."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
