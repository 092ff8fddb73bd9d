"""Tells what the loaders and savers of libvips say to a process that is prepared like a worker.

`python -m tests.hostile.doors FOLDER`, a process of its own: what is blocked stays blocked.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pyvips

import origin.worker  # noqa: F401  (all that a worker has imported by then)
from origin.sandbox import Confinement, confine
from tests.transforms.blocked import arguments, kinds
from transforms.engine import secure


def main(folder: Path) -> None:
    secure()
    image = pyvips.Image.black(4, 4, bands=3).copy(interpretation="srgb")
    doors = [
        (name, nickname, arguments(nickname, folder, image))
        for parent in ("VipsForeignLoad", "VipsForeignSave")
        for name, nickname in kinds(parent)
    ]
    # But for Landlock, which wants a process that has had no picture yet: so files can be opened,
    # and it is libvips alone that refuses.
    confine(Confinement())
    print(json.dumps({name: _said(nickname, given) for name, nickname, given in doors}))


def _said(nickname: str, given: list[object]) -> str:
    """What the operation complains of; nothing if it does its work."""
    try:
        pyvips.Operation.call(nickname, *given)
    except pyvips.Error as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main(Path(sys.argv[1]))
