"""What tests of the origin share: an environment without settings, and one opened application."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from origin.services import open_services
from origin.settings import PREFIX, read_settings
from tests.origin.admin_server import Safelight, runner
from tests.origin.live import PAIR, Origin


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment without any of our settings, to put some in."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture
def safelight(
    capsys: pytest.CaptureFixture[str], environment: pytest.MonkeyPatch, tmp_path: Path
) -> Safelight:
    """Runs the command in an empty folder, with settings of its own and a wide terminal."""
    environment.chdir(tmp_path)
    environment.setenv("COLUMNS", "200")
    return runner(capsys)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Origin]:
    """Real services over an empty folder, with one worker process for the whole session.

    Tests that use it run on the session's loop: `pytest.mark.asyncio(loop_scope="session")`.
    """
    root = tmp_path_factory.mktemp("pictures")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        settings = read_settings(
            keys=PAIR.key.hex(),
            salts=PAIR.salt.hex(),
            local_root=root,
            workers=1,
            timeout=60,
            # Tests overwrite pictures and look at once.
            pointer_ttl=1e-6,
            negative_ttl=0,
        )
    async with open_services(settings) as services:
        yield Origin(services, root)
