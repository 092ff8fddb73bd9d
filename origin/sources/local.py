"""Files below one folder, for `local:///key`.

Only regular files whose real path lies below the root are read. Links inside the root may point
anywhere inside it; the root may be a link itself, which is how releases are switched. Dotfiles are
files like any other: keep out of the folder what must not be published. A version id behind `?` is
ignored, as files have none.

The version is modification time and size and nothing else, so that copies on several nodes agree.
Replace pictures by renaming a new file over the old one: a file rewritten in place, at the same
size and within one tick of the file system's clock, looks unchanged.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from origin.picture_file import PictureFile
from origin.sources.errors import (
    SourceChanged,
    SourceDenied,
    SourceError,
    SourceNotAllowed,
    SourceNotFound,
    SourceTooLarge,
    SourceUnavailable,
)
from origin.sources.source import Blob, Version

# O_NONBLOCK: opening a FIFO must not wait for a writer. The path is resolved already, so a link
# at its end can only have been put there since.
_FLAGS = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY | os.O_NOFOLLOW
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO, errno.EINVAL}
_REFUSED = {errno.EACCES, errno.EPERM}


class LocalFolder:
    """A `Source` over a folder. Files are read in threads of its own, never on the event loop."""

    def __init__(self, root: Path, *, threads: int = 16) -> None:
        self._root = root
        self._limiter = CapacityLimiter(threads)

    async def stat(self, key: str) -> Version:
        """The version of the file under `key`."""
        # Abandoned, so that a hanging network file system does not hold its callers as well.
        return await to_thread.run_sync(
            self._stat, key, abandon_on_cancel=True, limiter=self._limiter
        )

    async def fetch(self, key: str, *, max_bytes: int, version: Version | None = None) -> Blob:
        """The bytes of the file under `key`."""
        return await to_thread.run_sync(
            self._fetch, key, max_bytes, version, abandon_on_cancel=True, limiter=self._limiter
        )

    def _stat(self, key: str) -> Version:
        with self._open(key) as descriptor:
            return _version(os.fstat(descriptor))

    def _fetch(self, key: str, max_bytes: int, wanted: Version | None) -> Blob:
        with self._open(key) as descriptor:
            facts = os.fstat(descriptor)
            version = _version(facts)
            if wanted is not None and wanted.validator != version.validator:
                raise SourceChanged(key, expected=wanted.validator, found=version.validator)
            if facts.st_size > max_bytes:
                raise SourceTooLarge(key, size=facts.st_size, limit=max_bytes)
            return Blob(version, PictureFile(os.dup(descriptor), facts))

    @contextmanager
    def _open(self, key: str) -> Iterator[int]:
        try:
            root, path = self._resolve(key)
            descriptor = os.open(path, _FLAGS)
            try:
                # Once more, on what was really opened: a folder may have become a link meanwhile.
                _check_inside(root, _path_of(descriptor), key)
                _check_regular(os.fstat(descriptor), key)
                yield descriptor
            finally:
                os.close(descriptor)
        except OSError as exc:
            raise _translated(exc, key) from exc

    def _resolve(self, key: str) -> tuple[bytes, bytes]:
        # Bytes, so that no locale has a say in what a key means.
        name = key.partition("?")[0].encode()
        root = os.path.realpath(os.fsencode(self._root), strict=True)
        if b"\0" in name:
            raise SourceNotAllowed(f"{key!r}: expected a path below SAFELIGHT_LOCAL_ROOT")
        path = os.path.realpath(os.path.join(root, name), strict=True)
        _check_inside(root, path, key)
        return root, path


def check_root(root: Path) -> Path:
    """The folder, made absolute; `ValueError` if it is none."""
    if not root.is_dir():
        raise ValueError(f"SAFELIGHT_LOCAL_ROOT: expected a folder, got {str(root)!r}")
    return root.absolute()


def _check_inside(root: bytes, path: bytes, key: str) -> None:
    if path != root and not path.startswith(root.rstrip(b"/") + b"/"):
        raise SourceNotAllowed(f"{key}: expected a path below SAFELIGHT_LOCAL_ROOT, it leads out")


def _check_regular(facts: os.stat_result, key: str) -> None:
    if not stat.S_ISREG(facts.st_mode):
        raise SourceNotFound(
            f"{key}: expected a regular file, got one of mode {stat.filemode(facts.st_mode)}"
        )


def _path_of(descriptor: int) -> bytes:
    if sys.platform == "darwin":
        import fcntl

        return fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0")
    return os.readlink(b"/proc/self/fd/%d" % descriptor)


def _version(facts: os.stat_result) -> Version:
    return Version(
        validator=f"{facts.st_mtime_ns:x}-{facts.st_size:x}",
        size=facts.st_size,
        modified=facts.st_mtime,
    )


def _translated(exc: OSError, key: str) -> SourceError:
    if exc.errno in _ABSENT:
        return SourceNotFound(f"{key}: expected a file, got: {exc.strerror}")
    if exc.errno in _REFUSED:
        return SourceDenied(
            f"{key}: expected a readable file below SAFELIGHT_LOCAL_ROOT, got: {exc.strerror}"
        )
    return SourceUnavailable(f"{key}: expected to read the file, got: {exc.strerror}")
