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
    """Answer image requests until stopped.

    Settings come from SAFELIGHT_* variables and from the files in SAFELIGHT_SETTINGS_DIR.
    `kill -HUP` has keys, presets and limits read again, without losing a request.
    """
    configure_logs()
    if demo:
        settings, pairs = demo_settings()
        run_server(settings, on_ready=lambda base: show_links(base, pairs))
        return
    settings = read_settings()
    _warn(settings)
    run_server(settings, read=read_settings)


def _warn(settings: Settings) -> None:
    """What is allowed, but perhaps not meant."""
    log = structlog.get_logger("safelight")
    if settings.local_root is None and not settings.s3_buckets and not settings.http_allow:
        log.warning(
            "no sources: set SAFELIGHT_LOCAL_ROOT, SAFELIGHT_S3_BUCKETS or SAFELIGHT_HTTP_ALLOW"
        )
    if settings.unsafe:
        log.warning("SAFELIGHT_UNSAFE=1: signatures are not checked")
