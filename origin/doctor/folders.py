"""The local root and the folder of the disk tier."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cache.disk_layout import Layout
from cache.disk_room import FreeRoom
from origin.doctor.apart import apart
from origin.doctor.finding import Finding, fail, ok, warn
from origin.settings import Settings

_MEGABYTE: Final = 1 << 20
# As many as can be looked at in time.
_MOST_FILES: Final = 50_000


async def check_local_root(settings: Settings) -> Sequence[Finding]:
    root = settings.local_root
    if root is None:
        if settings.s3_buckets or settings.http_allow:
            return []
        fix = "set SAFELIGHT_LOCAL_ROOT, SAFELIGHT_S3_BUCKETS or SAFELIGHT_HTTP_ALLOW"
        return [warn("sources", "there are none: every picture is a 404", fix)]
    return [await apart(lambda: _local_root(root))]


def _local_root(root: Path) -> Finding:
    check, who = "local root", f"the user of the server (now {os.geteuid()})"
    try:
        with os.scandir(root) as entries:
            empty = next(entries, None) is None
    except NotADirectoryError:
        return fail(check, f"{root} is no folder", "set SAFELIGHT_LOCAL_ROOT to one")
    except FileNotFoundError:
        return fail(check, f"there is no {root}", "make it, or correct SAFELIGHT_LOCAL_ROOT")
    except OSError as error:
        found = f"{root} cannot be read: {error.strerror}"
        return fail(check, found, f"let {who} read and search it")
    if empty:
        return warn(check, f"{root} is empty", "see that the volume is mounted there")
    return ok(check, f"{root} can be read")


async def check_disk(settings: Settings) -> Sequence[Finding]:
    folder = settings.cache_disk_dir
    if folder is None:
        return []
    most = int(settings.cache_disk_mb * _MEGABYTE)
    return [await apart(lambda: _disk(folder, most))]


def _disk(folder: Path, most: int) -> Finding:
    check, fix = "disk tier", "let the user of the server write there, or correct the setting"
    # A server makes it; who only looks leaves no folder behind.
    place = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not place.is_dir():
        found = f"{place} is no folder"
        return fail(check, found, "set SAFELIGHT_CACHE_DISK_DIR to one")
    try:
        with TemporaryDirectory(prefix=".doctor-", dir=place) as made:
            part, whole = Path(made, "part"), Path(made, "whole")
            part.write_bytes(b"x")
            part.rename(whole)
            whole.read_bytes()
        lacking = FreeRoom(place).lacking(max(0, most - _held(folder)))
    except OSError as error:
        return fail(check, f"{place} cannot be written: {error.strerror}", fix)
    if (other := _elsewhere(folder)) is not None:
        found = f"{other} is another file system than {folder}: no file can be moved into place"
        return fail(
            check, found, "mount one file system at SAFELIGHT_CACHE_DISK_DIR, none below it"
        )
    size = f"{most // _MEGABYTE} MB (SAFELIGHT_CACHE_DISK_MB)"
    if lacking:
        found = f"{folder} has room for {lacking // _MEGABYTE} MB fewer than {size}"
        return warn(check, found, "make room, or lower SAFELIGHT_CACHE_DISK_MB")
    later = "" if folder.exists() else ", will be made"
    return ok(check, f"{folder} can be written{later}, with room for {size}")


def _held(folder: Path) -> int:
    """Bytes of the results that are there already, for which there is room; of the first many."""
    if not folder.exists():
        return 0
    return sum(file.size for file in islice(Layout(folder).files(), _MOST_FILES))


def _elsewhere(folder: Path) -> str | None:
    """A folder of the tier that lies on another file system."""
    parts = Path(Layout(folder).new_part()).parent
    if not parts.exists():
        return None
    device = os.stat(parts.parent).st_dev
    inside = (parts, *(path for path in parts.parent.iterdir() if path.is_dir()))
    return next((str(path) for path in inside if os.stat(path).st_dev != device), None)
