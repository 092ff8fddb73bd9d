"""`python -m loadtests.scenarios NAME`: one scenario, one report.

Locust runs as a process of its own, as it patches the standard library of the one it is in.
"""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console

from loadtests.bench.servers import free_port
from loadtests.scenarios.origins import open_origins
from loadtests.scenarios.stages import SCENARIOS, lacking

_ROOT = Path(__file__).parents[2]
_STOP_SECONDS = 15
_REMOTE_PORT = 5557


class Name(StrEnum):
    STEADY = "steady"
    COLD = "cold"
    SPIKE = "spike"
    PURGE_STORM = "purge-storm"
    REGION_LOSS = "region-loss"


def main(
    scenario: Name,
    host: Annotated[
        list[str] | None, typer.Option(help="URL of an origin; twice: two regions")
    ] = None,
    admin: Annotated[list[str] | None, typer.Option(help="URL of an admin port")] = None,
    sources: Annotated[
        str, typer.Option(help="pictures, the most popular first: with commas, or @FILE of lines")
    ] = "local:///valley.jpg",
    users: Annotated[int, typer.Option(min=1, help="on a usual day")] = 20,
    minutes: Annotated[float, typer.Option(min=0.01, max=600, help="for all stages")] = 5,
    workers: Annotated[int, typer.Option(min=0, help="processes of Locust here")] = 0,
    remote: Annotated[int, typer.Option(min=0, help="workers elsewhere to wait for")] = 0,
    web: Annotated[bool, typer.Option(help="Locust's web page")] = False,
    web_port: int = 8089,
    alpha: Annotated[float, typer.Option(help="Zipf's exponent")] = 0.8,
    edge_head: Annotated[
        int, typer.Option(help="sources that the CDN has; -1: a tenth of them")
    ] = -1,
    lose_command: Annotated[str, typer.Option(help="ends an origin")] = "",
    lose_pid: Annotated[list[int] | None, typer.Option(help="of an origin, to be killed")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML; a CSV goes beside it")] = None,
) -> None:
    """Run a scenario: on two origins of its own without --host."""
    console = Console()
    path = (report or Path("bench-results") / f"{scenario}.html").resolve()
    environ = {**os.environ, "SCENARIO": scenario, "REPORT": str(path)}
    origins, admins, pids = host or [], admin or [], lose_pid or []
    with ExitStack() as stack:
        if origins:
            listed = _read(sources)
        else:
            folder = stack.enter_context(TemporaryDirectory(prefix="scenario-"))
            with console.status("starting two origins"):
                own = stack.enter_context(open_origins(Path(folder)))
            origins, admins = [one.url for one in own.each], [one.admin for one in own.each]
            listed, pids = ",".join(own.sources), pids or [own.each[-1].pid]
            environ |= own.signing
        loses = bool(lose_command or pids)
        if wrong := lacking(SCENARIOS[scenario], origins=origins, admins=admins, loses=loses):
            raise typer.BadParameter(wrong)
        environ |= {"LOSE_COMMAND": lose_command, "LOSE_PIDS": ",".join(map(str, pids))}
        command = [
            *(sys.executable, "-m", "locust", "-f", str(_ROOT / "loadtests" / "locustfile.py")),
            *("--host", origins[0], "--origins", ",".join(origins), "--admins", ",".join(admins)),
            *("--sources", listed, "--alpha", str(alpha), "--edge-head", str(edge_head)),
            *("--users", str(users), "--minutes", str(minutes)),
            *("--stop-timeout", str(_STOP_SECONDS), "--loglevel", "WARNING"),
            *_placing(workers, remote),
            *(("--web-host", "127.0.0.1", "--web-port", str(web_port)) if web else _HEADLESS),
        ]
        if web:
            console.print(f"http://127.0.0.1:{web_port}, report so far at /report; Ctrl+C ends it")
        path.unlink(missing_ok=True)
        code = _run(command, environ)
    if path.exists():
        console.print(f"Report: {path}", soft_wrap=True)
    raise typer.Exit(code)


_HEADLESS = ("--headless", "--only-summary")


def _placing(workers: int, remote: int) -> list[str]:
    """Where its users run: here in this many processes, elsewhere, or all in one process."""
    if remote:
        return [
            "--master",
            "--expect-workers",
            str(remote),
            "--master-bind-port",
            str(_REMOTE_PORT),
        ]
    if workers:
        # Two runs on one machine must not take one another's workers.
        port = str(free_port())
        bound = ["--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        return ["--processes", str(workers), *bound, "--master-port", port]
    return []


def _run(command: list[str], environ: dict[str, str]) -> int:
    """Its exit code: 1 if requests failed; sheds are no failures."""
    with subprocess.Popen(command, env=environ, cwd=_ROOT) as locust:
        while True:
            try:
                return locust.wait()
            except KeyboardInterrupt:
                # It was interrupted as well, ends its users, and writes the report.
                continue


def _read(sources: str) -> str:
    if not sources.startswith("@"):
        return sources
    lines = Path(sources[1:]).read_text(encoding="utf-8").splitlines()
    return ",".join(line.strip() for line in lines if line.strip())


if __name__ == "__main__":
    typer.run(main)
