"""SIGHUP: the settings are read again, and requests that come from then on are answered by them.

What is wrong changes nothing: each problem is logged, as the start would have told it, and the
configuration of before is kept. What cannot change while the server runs is logged by its name.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final

import structlog

from origin.app import Application
from origin.rules import RELOADED, Rules
from origin.services import check
from origin.settings import PREFIX, Settings, SettingsError

log = structlog.get_logger("safelight")

# Files lie on disks, or on what only looks like one.
_SECONDS: Final = 30.0

Read = Callable[[], Settings]


@asynccontextmanager
async def reloading(
    asked: asyncio.Event, read: Read | None, images: Application
) -> AsyncIterator[None]:
    """As often as it is asked for in the block, one at a time: two at once are one, or one and
    one more. Without `read` there is nothing to reload.
    """

    async def go_on(read: Read) -> None:
        while True:
            await asked.wait()
            asked.clear()
            await reload(read, images)

    task = None if read is None else asyncio.create_task(go_on(read))
    try:
        yield
    finally:
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))


async def reload(read: Read, images: Application, *, seconds: float = _SECONDS) -> None:
    """Reads, and exchanges what can be exchanged, or logs why not; raises nothing."""
    try:
        async with asyncio.timeout(seconds):
            # In a thread: requests go on while a disk is slow, or presets are many.
            settings, rules = await asyncio.to_thread(_checked, read)
    except SettingsError as error:
        _keep(*str(error).splitlines())
        return
    except TimeoutError:
        _keep(f"expected to be read within {seconds:g} s, was not")
        return
    except Exception as error:  # its words may hold a secret
        _keep(f"{type(error).__name__}, which nobody foresaw")
        return
    before = images.services.settings
    changed = [name for name in Settings.model_fields if _differs(name, before, settings)]
    for name in changed:
        if name not in RELOADED:
            log.warning("needs a restart", setting=_variable(name))
    in_force = before.model_copy(update={name: getattr(settings, name) for name in RELOADED})
    services = images.services.under(in_force, rules)
    services.hold()
    images.exchange(services)
    log.info("reloaded", changed=[_variable(name) for name in changed if name in RELOADED])


def _checked(read: Read) -> tuple[Settings, Rules]:
    settings = read()
    return settings, check(settings)


def _keep(*problems: str) -> None:
    for problem in problems:
        log.error("configuration refused", problem=problem)
    log.error("kept the configuration of before")


def _differs(name: str, before: Settings, settings: Settings) -> bool:
    return bool(getattr(before, name) != getattr(settings, name))


def _variable(name: str) -> str:
    return PREFIX + name.upper()
