from __future__ import annotations

import io

import pytest
from rich.console import Console

from origin.cli.warm_progress import Lines, Tally, open_progress


def test_a_log_gets_a_line_every_few_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    now = 0.0
    lines = Lines(every=5, clock=lambda: now)
    tally = Tally(10_000)
    for now in (1.0, 4.9, 5.0, 5.1, 9.9, 10.0):
        tally.done = int(now * 200)
        tally.made = 3 * tally.done
        lines.show(tally)

    assert capsys.readouterr().out.splitlines() == [
        "1,000 of 10,000 paths: 3,000 made, 0 hits, 0 failed; 200.0 a second, 0:00:45 left",
        "2,000 of 10,000 paths: 6,000 made, 0 hits, 0 failed; 200.0 a second, 0:00:40 left",
    ]


def test_a_terminal_shows_a_bar_with_counts() -> None:
    screen = io.StringIO()
    tally = Tally(40)

    with open_progress(
        tally, Console(file=screen, force_terminal=True, width=120, legacy_windows=False)
    ) as progress:
        tally.done, tally.made, tally.hits, tally.failed = 40, 100, 17, 3
        progress.show(tally)
        progress.say("The server broke off [once].")

    assert "40/40" in screen.getvalue()
    assert "100 made, 17 hits, 3 failed" in screen.getvalue()
    assert "The server broke off [once]." in screen.getvalue()


def test_before_anything_is_done_the_time_left_is_not_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    lines = Lines(every=1, clock=lambda: now)
    now = 2.0

    lines.show(Tally(5))

    assert capsys.readouterr().out.endswith("0.0 a second, unknown left\n")
