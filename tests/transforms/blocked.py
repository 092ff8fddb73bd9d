"""Tries every loader and saver that libvips has, and prints those that are not blocked.

Run as a process of its own: what is blocked is blocked for a whole process.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyvips
from pyvips.base import nickname_find, type_from_name, type_map, type_name

from transforms.codecs import CODECS
from transforms.engine import secure

SAMPLES = {
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='4' height='4'/>",
    "ppm": b"P6 2 2 255 " + bytes(12),
    "csv": b"1,2\n3,4\n",
    "mat": b"2 2 1 0\n1 2\n3 4\n",
    "hdr": b"#?RADIANCE\n\n-Y 1 +X 1\n" + bytes(4),
    "pdf": b"%PDF-1.4\n",
    "fits": b"SIMPLE  =                    T".ljust(2880),
}
# libvips looks into HEIF before it looks at its own blocks.
ANY = bytes(pyvips.Image.black(32, 32, bands=3).heifsave_buffer(compression="av1"))


def kinds(parent: str) -> Iterator[tuple[str, str]]:
    """Class and nickname of everything below this class that can be called."""
    found: list[int] = []

    def visit(kind: int, *_: object) -> Any:
        found.append(kind)
        type_map(kind, visit)
        return pyvips.ffi.NULL

    type_map(type_from_name(parent), visit)
    for kind in found:
        if not nickname_find(kind).endswith("_base"):
            yield type_name(kind), nickname_find(kind)


def arguments(nickname: str, folder: Path, image: pyvips.Image) -> list[Any]:
    """Something of the right type for each thing that the operation needs."""
    made: list[Any] = []
    operation: Any = pyvips.Introspect.get(nickname)
    for name in operation.required_input:
        match name:
            case "in":
                made.append(image)
            case "filename":
                (folder / "any").write_bytes(ANY)
                made.append(str(folder / "any"))
            case "buffer":
                made.append(ANY)
            case "source":
                made.append(pyvips.Source.new_from_memory(ANY))
            case "target":
                made.append(pyvips.Target.new_to_memory())
            case _:
                made.append(1)
    return made


def open_doors(folder: Path) -> Iterator[str]:
    allowed = {name for codec in CODECS.values() for name in codec.operations}
    image = pyvips.Image.black(4, 4, bands=3).copy(interpretation="srgb")
    for parent in ("VipsForeignLoad", "VipsForeignSave"):
        for name, nickname in kinds(parent):
            try:
                pyvips.Operation.call(nickname, *arguments(nickname, folder, image))
            except pyvips.Error as error:
                if "blocked" in str(error) or name in allowed:
                    continue
            if name not in allowed:
                yield name
    try:
        pyvips.Operation.call("system", "true")
        yield "VipsSystem"
    except pyvips.Error:
        pass


def guesses_that_work(folder: Path) -> Iterator[str]:
    """Files and bytes that libvips opens by its own guess although we never ask it to."""
    for suffix, data in SAMPLES.items():
        path = folder / f"x.{suffix}"
        path.write_bytes(data)
        for guess in (
            lambda path=path: pyvips.Image.new_from_file(str(path)),
            lambda path=path: pyvips.Image.thumbnail(str(path), 2),
            *(
                (
                    lambda data=data: pyvips.Image.new_from_buffer(data, ""),
                    lambda data=data: pyvips.Image.thumbnail_buffer(data, 2),
                )
                # Its loader for bytes is one that we use.
                if suffix != "svg"
                else ()
            ),
        ):
            try:
                guess()
            except pyvips.Error:
                continue
            yield suffix


if __name__ == "__main__":
    secure()
    with tempfile.TemporaryDirectory() as place:
        print(*open_doors(Path(place)), *guesses_that_work(Path(place)))
