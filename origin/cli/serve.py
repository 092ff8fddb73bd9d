"""Start the server."""

from __future__ import annotations

from typing import Annotated

import structlog
import typer

from origin.demo import demo_settings, show_links
from origin.logs import configure_logs
from origin.serve import serve as run_server
from origin.settings import read_settings


def serve(
    *,
    demo: Annotated[
        bool,
        typer.Option(
            "--demo", help="Own keys and pictures in .safelight/, and signed links to try."
        ),
    ] = False,
) -> None:
    """Answer image requests until stopped; settings come from SAFELIGHT_* variables."""
    configure_logs()
    if demo:
        settings, pairs = demo_settings()
        run_server(settings, on_ready=lambda base: show_links(base, pairs))
        return
    settings = read_settings()
    for name in settings.idle_names:
        structlog.get_logger("safelight").warning(
            "setting has no effect in this version", setting=name
        )
    run_server(settings)
