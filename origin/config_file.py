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


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """presets: name -> options, as they stand in a URL."""

    presets: dict[str, str] = field(default_factory=dict)


def read_config_file(path: Path | None) -> ConfigFile:
    """SettingsError if the file is missing, is not TOML, or holds what is not known."""
    if path is None:
        return ConfigFile()
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"SAFELIGHT_CONFIG: {path}: {error}") from error
    problems = [
        f"SAFELIGHT_CONFIG: {path}: unknown table [{name}]" for name in content if name != "presets"
    ]
    presets = content.get("presets", {})
    if not isinstance(presets, dict):
        raise SettingsError(f"SAFELIGHT_CONFIG: {path}: presets is a table: [presets]")
    problems += [
        f'SAFELIGHT_CONFIG: {path}: preset "{name}" must be text like "rs:fill:300:200"'
        for name, options in presets.items()
        if not isinstance(options, str)
    ]
    if problems:
        raise SettingsError("\n".join(problems))
    return ConfigFile(presets)
