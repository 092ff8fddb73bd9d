"""The TOML file: what it may hold, and how a person is told of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from origin.config_file import ConfigFile, read_config_file
from origin.settings import SettingsError


def written(folder: Path, text: str) -> Path:
    path = folder / "safelight.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_nothing_is_configured() -> None:
    assert read_config_file(None) == ConfigFile()


def test_presets_are_read_with_their_names(tmp_path: Path) -> None:
    path = written(tmp_path, '[presets]\nthumb = "rs:fill:300:200/g:sm"\n"größer" = "w:900"\n')

    assert read_config_file(path).presets == {"thumb": "rs:fill:300:200/g:sm", "größer": "w:900"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("presets = 5", '"presets" must be a table: [presets]'),
        ("[presets]\nthumb = 5", 'preset "thumb" must be text like "rs:fill:300:200"'),
        ("[presets]\n[presets.a]\nb = 1", 'preset "a" must be text'),
        ("[preset]", 'expected the table [presets], got "preset"'),
        ('thumb = "w:1"', 'expected the table [presets], got "thumb"'),
        ("[presets", "end of a table declaration"),
        ('[presets]\na = "w:1"\na = "w:2"', "overwrite"),
    ],
)
def test_what_cannot_be_used_is_told_with_the_file(tmp_path: Path, text: str, problem: str) -> None:
    path = written(tmp_path, text)

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    assert str(caught.value).startswith(f"SAFELIGHT_CONFIG: {path}: ")
    assert problem in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = written(tmp_path, "[other]\n[presets]\na = 1\nb = true\n")

    with pytest.raises(SettingsError) as caught:
        read_config_file(path)

    assert len(str(caught.value).splitlines()) == 3


def test_a_missing_file_a_folder_and_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")

    for path in (tmp_path / "missing.toml", tmp_path, binary):
        with pytest.raises(SettingsError, match="SAFELIGHT_CONFIG"):
            read_config_file(path)
