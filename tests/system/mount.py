"""A folder of settings as the kubelet keeps it: files are links through `..data` into a folder that
is exchanged as a whole, and then removed.
"""

from __future__ import annotations

import itertools
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from signing.keys import KeyPair


@dataclass(frozen=True)
class Mount:
    """A volume of a Secret or ConfigMap."""

    folder: Path
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def put(self, **settings: object) -> None:
        """All settings that there are from now on, without their prefix."""
        data = self.folder / "..data"
        before = data.resolve() if data.exists() else None
        new = self.folder / f"..version_{next(self._numbers)}"
        new.mkdir(parents=True)
        for name, value in settings.items():
            (new / f"SAFELIGHT_{name}").write_text(f"{value}\n")
        pointer = self.folder / "..data_tmp"
        pointer.symlink_to(new.name)
        pointer.replace(data)
        for path in self.folder.iterdir():
            if not path.name.startswith("..") and not path.exists():
                path.unlink()
        for path in new.iterdir():
            link = self.folder / path.name
            if not link.is_symlink():
                link.symlink_to(f"..data/{path.name}")
        if before is not None:
            shutil.rmtree(before)


def key_settings(*pairs: KeyPair) -> dict[str, str]:
    """What makes a server accept what any of these signed."""
    return {
        "KEYS": ",".join(pair.key.hex() for pair in pairs),
        "SALTS": ",".join(pair.salt.hex() for pair in pairs),
    }
