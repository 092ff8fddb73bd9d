"""The TOML file behind SAFELIGHT_CONFIG: what is structured.

[presets]
thumb = "rs:fill:300:200/g:sm"
default = "q:75"
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from origin.settings import SettingsError

_KNOWN = {"presets"}


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """presets: name -> options, as they stand in a URL."""

    presets: dict[str, str] = field(default_factory=dict)


def read_config_file(path: Path | None) -> ConfigFile:
    """SettingsError if the file is missing, is not TOML, or holds what is not known."""
    if path is None:
        return ConfigFile()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"SAFELIGHT_CONFIG: {path}: {error}") from error
    presets = content.get("presets", {})
    problems = [f'expected the table [presets], got "{name}"' for name in content.keys() - _KNOWN]
    if not isinstance(presets, dict):
        presets = {}
        problems.append('"presets" must be a table: [presets]')
    problems += [
        f'preset "{name}" must be text like "rs:fill:300:200"'
        for name, options in presets.items()
        if not isinstance(options, str)
    ]
    if problems:
        raise SettingsError(
            "\n".join(f"SAFELIGHT_CONFIG: {path}: {problem}" for problem in sorted(problems))
        )
    return ConfigFile(presets)
