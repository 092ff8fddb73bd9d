"""`safelight warm` that is cut short, and the run after it."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial
from pathlib import Path

import pytest

import origin.cli.warm
from origin.admin import make_admin
from origin.cli.warm_batches import Batches
from tests.origin.admin_server import Oven, Safelight, listed, runner, serving, wait
from tests.system.server import SAFELIGHT
from tests.system.server import environment as bare_environment
from transforms.plan import Plan


@pytest.fixture
def safelight(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, tmp_path: Path
) -> Safelight:
    environment.chdir(tmp_path)
    return runner(capsys)


@pytest.fixture
def oven() -> Oven:
    return Oven()


def test_a_server_that_dies_in_the_middle_is_waited_for_and_the_run_can_go_on_later(
    safelight: Safelight, oven: Oven, environment: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    environment.setattr(origin.cli.warm, "Batches", partial(Batches, sleep=pauses.append))
    file = listed(*(f"{number}.jpg" for number in range(100)))
    with serving(make_admin(lambda: True, warm=oven.warm)) as served:

        def die(plan: Plan) -> None:
            if "60.jpg" in plan.source:
                served.kill()

        oven.before = die
        first = safelight("warm", file, "--admin", served.url, "--batch", "20")
    done = len(Path("list.txt.warmed").read_text().splitlines()) - 1
    oven.before = lambda _plan: None
    oven.made.clear()
    with serving(make_admin(lambda: True, warm=oven.warm)) as served:
        second = safelight("warm", file, "--admin", served.url)

    assert first.code == 1
    assert pauses[-5:] == [1, 2, 4, 8, 16]
    assert "Trying again in 16 s." in first.err
    assert "The server did not come back." in first.err
    assert f"Stopped after {done} of 100 paths" in first.err
    assert "Run the same command again to go on; list.txt.warmed" in first.err
    assert 40 <= done < 100
    assert second.code == 0
    assert f"Going on: {done} of 100 paths" in second.out
    assert len(oven.sources) == 100 - done


def test_an_interruption_ends_cleanly_and_says_how_to_go_on(
    safelight: Safelight, oven: Oven, tmp_path: Path
) -> None:
    file = listed(*(f"{number}.jpg" for number in range(40)))
    journal = tmp_path / "list.txt.warmed"
    with serving(make_admin(lambda: True, warm=oven.warm)) as served:
        command = [str(SAFELIGHT), "warm", file, "--admin", served.url, "--batch", "1"]

        def interrupt(plan: Plan) -> None:
            if "20.jpg" in plan.source and not plan.output.offers:
                os.kill(process.pid, signal.SIGINT)

        oven.before = interrupt
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=bare_environment({}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        _, said = process.communicate(timeout=60)
        wait(lambda: not served.server.server_state.tasks)
        oven.before = lambda _plan: None
        second = safelight("warm", file, "--admin", served.url)

    assert process.returncode == 130
    assert "Interrupted after " in said
    assert "Run the same command again to go on; list.txt.warmed" in said
    assert "Traceback" not in said
    assert second.code == 0
    assert "of 40 paths are warm" in second.out
    assert len(journal.read_text().splitlines()) == 1 + 40
