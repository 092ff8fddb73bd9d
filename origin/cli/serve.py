"""Start the server."""

from __future__ import annotations

from typing import Annotated

import structlog
import typer

from origin.demo import demo_settings, show_links
from origin.logs import configure_logs
from origin.serve import serve as run_server
from origin.settings import Settings, read_settings


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
    _warn(settings)
    run_server(settings)


def _warn(settings: Settings) -> None:
    """What is allowed, but perhaps not meant."""
    log = structlog.get_logger("safelight")
    for name in settings.idle_names:
        log.warning("setting has no effect in this version", setting=name)
    if settings.local_root is None and not settings.s3_buckets:
        log.warning("no sources: set SAFELIGHT_LOCAL_ROOT or SAFELIGHT_S3_BUCKETS")
    if settings.unsafe:
        log.warning("SAFELIGHT_UNSAFE=1: signatures are not checked")
