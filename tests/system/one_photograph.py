"""A server with keys, one worker and a folder in which there is one photograph."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.origin.live import PAIR, photo
from tests.system.server import Server, running

PHOTO: Final = "local:///a.jpg"


@contextmanager
def one_photograph(folder: Path, **settings: Any) -> Iterator[Server]:
    """`PHOTO` of 300 x 200; other pictures go into the folder `pictures`."""
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / "a.jpg").write_bytes(photo(300, 200))
    usual = {
        "LOCAL_ROOT": pictures,
        "KEYS": PAIR.key.hex(),
        "SALTS": PAIR.salt.hex(),
        "WORKERS": 1,
    }
    with running(folder, **{**usual, **settings}) as server:
        yield server
