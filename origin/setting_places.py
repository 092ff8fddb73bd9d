"""Where settings come from: variables, and folders with a file for each setting.

Such folders are what Kubernetes makes of Secrets and ConfigMaps and Docker of secrets. Unlike
variables, files can change while the server runs.

    /etc/safelight/SAFELIGHT_KEYS       the name is that of the variable, in any case
    /etc/safelight/safelight_salts      the text is the value, without white space around it
    /etc/safelight/..data, tls.crt      a name with a dot is no setting's, nor need a folder be one

What has a name without a dot must be a setting, and no setting may be in two places: a key that was
taken out of one would go on working by the other.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

PREFIX: Final = "SAFELIGHT_"
FOLDERS: Final = f"{PREFIX}SETTINGS_DIR"
MAX_BYTES: Final = 1 << 20
# Kubernetes writes all files into a folder, points this at it, and then removes the old folder.
_DATA: Final = "..data"


def present_folders() -> list[Path]:
    """Those that hold the files now: if they are the same after reading, all was of one state."""
    names = [name.strip() for name in os.environ.get(FOLDERS, "").split(",")]
    folders = [Path(name) for name in names if name]
    return [
        (folder / _DATA if (folder / _DATA).is_dir() else folder).resolve() for folder in folders
    ]


def place_problems(folders: Collection[Path], known: Collection[str]) -> Iterator[str]:
    """What is wrong with names and files, without a word of what is in them."""
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in known:
            yield f"{name}: {_misspelt(name, known)}"
    places = {name: "the environment" for name in known if os.environ.get(name)}
    for folder in folders:
        try:
            files = [path for path in sorted(folder.iterdir()) if "." not in path.name]
        except OSError as error:
            yield f"{FOLDERS}: {folder}: expected a folder: {error.strerror}"
            continue
        for path in files:
            name = path.name.upper()
            if name not in known:
                if not path.is_dir():
                    yield f"{path}: {_misspelt(name, known)}"
            elif name == FOLDERS:
                yield f"{path}: expected this one in the environment, got a file"
            elif name in places:
                yield f"{name}: expected in one place, got it from {places[name]} and {path}"
            elif problem := _unreadable(path, folder):
                yield f"{name}: {path}: {problem}"
            places.setdefault(name, str(path))


def texts(names: Collection[str], folders: Collection[Path]) -> dict[str, str]:
    """Of those settings that have a file. OSError or UnicodeDecodeError if one cannot be read."""
    return {
        path.name.upper(): path.read_text(encoding="utf-8").strip()
        for folder in folders
        for path in folder.iterdir()
        if path.name.upper() in names
    }


def _misspelt(name: str, known: Collection[str]) -> str:
    meant = PREFIX + name.upper().removeprefix(PREFIX)
    near = difflib.get_close_matches(meant, known, 1)
    return "there is no such setting" + (f"; did you mean {near[0]}?" if near else "")


def _unreadable(path: Path, folder: Path) -> str:
    """Why the file cannot be the value of a setting; empty if it can."""
    try:
        if not path.is_file() or folder not in path.resolve().parents:
            return "expected a file in that folder"
        if (size := path.stat().st_size) > MAX_BYTES:
            return f"expected at most {MAX_BYTES} bytes, got {size}"
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return "expected UTF-8 text"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""
