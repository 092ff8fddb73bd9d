"""A worker joins when it has rendered something, and not before."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from origin.errors import WorkerCrashed
from origin.readiness import judge
from origin.sandbox import Confinement
from origin.watchdog import Watchdog
from origin.worker_start import start_worker
from origin.workers import open_workers
from tests.origin.live import until
from transforms.limits import Limits

Break = Callable[[str], None]
_BREAKING = """
import os
import transforms.pipeline
from transforms.errors import EngineError

really_run = transforms.pipeline.run

def run(plan, *args, **options):
    if plan.output.format == "avif":
        {how}
    return really_run(plan, *args, **options)

transforms.pipeline.run = run
"""


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Break:
    """Makes workers that start from now on fail at AVIFs: what `site` imports, they have."""

    def break_it(how: str) -> None:
        (tmp_path / "sitecustomize.py").write_text(_BREAKING.format(how=how))
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return break_it


async def test_a_worker_that_joins_has_rendered_and_says_how_long_that_took() -> None:
    worker = await start_worker()
    await worker.stop()

    assert 0 < worker.proof.ms < 20_000
    assert worker.proof.at > 0


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("raise EngineError('no encoder')", "EngineError: no encoder"),
        ("raise RuntimeError('no encoder')", "EngineError: RuntimeError: no encoder"),
        ("os._exit(1)", "it died of it"),
        ("plan = plan.__class__(plan.source)", "expected 16 x 16 pixels as avif"),
    ],
)
async def test_one_that_cannot_render_never_joins(broken: Break, how: str, words: str) -> None:
    broken(how)

    with pytest.raises(
        WorkerCrashed, match=f"did not join: it could not make its first avif.*{words}"
    ):
        async with open_workers(2, Limits()):
            raise AssertionError


async def test_one_that_has_too_little_memory_never_joins_and_the_setting_is_named() -> None:
    with pytest.raises(WorkerCrashed, match=r"with 1 MB \(SAFELIGHT_WORKER_MB\) did not join"):
        await start_worker(confinement=Confinement(memory_mb=1))


async def test_a_pool_waits_for_a_replacement_that_can_render(
    broken: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_workers(2, Limits()) as workers:
        watchdog = Watchdog(workers, request_seconds=10, clock=lambda: 0.0)
        broken("raise EngineError('no encoder')")
        with capture_logs() as logs:
            for pid in workers.pids:
                os.kill(pid, signal.SIGKILL)
            await until(lambda: workers.complaint != "")
            short = judge(workers, watchdog, serving=True, now=0.0)

            monkeypatch.delenv("PYTHONPATH")
            await until(lambda: len(workers.up) == 2)
            whole = judge(workers, watchdog, serving=True, now=0.0)

    assert not short.ready
    assert "expected half of 2 workers or more (SAFELIGHT_WORKERS), got 0" in short.ailments[0]
    assert "could not make its first avif" in short.ailments[0]
    assert whole.ready
    assert any(line["event"] == "worker did not start" for line in logs)
