"""`safelight serve`: what is read, what is handed to the server, and what a person reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import origin.cli.serve
from origin.cli import main
from origin.errors import WorkerCrashed
from origin.settings import Settings

Serve = Callable[..., None]


@pytest.fixture
def served(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[list[tuple[Settings, object]]]:
    """The settings and callbacks that a server would have been started with."""
    started: list[tuple[Settings, object]] = []

    def serve(
        settings: Settings, *, on_ready: Callable[[str], None] | None = None, **_: object
    ) -> None:
        started.append((settings, on_ready))

    environment.chdir(tmp_path)
    environment.setattr(origin.cli.serve, "run_server", serve)
    # The tests' own logging is to stay as it is.
    environment.setattr(origin.cli.serve, "configure_logs", lambda: None)
    with capture_logs():
        yield started


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def test_settings_come_from_the_environment(
    served: list[tuple[Settings, object]], environment: pytest.MonkeyPatch
) -> None:
    environment.setenv("SAFELIGHT_PORT", "9999")

    assert run("serve") == 0

    ((settings, on_ready),) = served
    assert (settings.port, on_ready) == (9999, None)


def test_the_demo_has_keys_pictures_and_a_watermark_and_opens_no_admin_port(
    served: list[tuple[Settings, object]], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("origin.demo.draw_pictures", lambda folder: folder.mkdir())

    assert run("serve", "--demo") == 0

    ((settings, on_ready),) = served
    assert settings.keys
    assert settings.local_root == Path(".safelight/pictures")
    assert settings.watermark == "local:///badge.png"
    assert (settings.admin_port, settings.port) == (0, 8080)
    assert callable(on_ready)


def test_the_demo_opens_an_admin_port_where_one_is_asked_for(
    served: list[tuple[Settings, object]], environment: pytest.MonkeyPatch
) -> None:
    environment.setattr("origin.demo.draw_pictures", lambda folder: folder.mkdir())
    environment.setenv("SAFELIGHT_ADMIN_PORT", "9998")

    run("serve", "--demo")

    assert served[0][0].admin_port == 9998


def test_a_demo_whose_keys_are_spoilt_says_which_file(
    served: list[tuple[Settings, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    Path(".safelight").mkdir()
    Path(".safelight/keys.env").write_text("SAFELIGHT_KEYS=xyz\n")

    assert run("serve", "--demo") == 1

    assert "keys.env" in capsys.readouterr().err
    assert not served


@pytest.mark.usefixtures("served")
def test_wrong_settings_are_printed_one_a_line(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("SAFELIGHT_PORT", "x")
    environment.setenv("SAFELIGHT_PROT", "1")

    assert run("serve") == 1

    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["SAFELIGHT_PROT", "SAFELIGHT_PORT"]


@pytest.mark.usefixtures("served")
def test_workers_that_do_not_start_are_no_traceback(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_settings: Settings, **_: object) -> None:
        raise WorkerCrashed("a worker process did not start")

    environment.setattr(origin.cli.serve, "run_server", fail)

    assert run("serve") == 1

    assert capsys.readouterr().err == "a worker process did not start\n"


def test_help_tells_of_the_demo(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("serve", "--help") == 0

    assert "--demo" in capsys.readouterr().out
