"""Rules are made of the settings that can be reloaded, of all of those and of no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from origin.rules import RELOADED, make_rules
from origin.settings import Settings, SettingsError, read_settings

pytestmark = pytest.mark.usefixtures("environment")

PAIR = {"keys": "aa" * 16, "salts": "bb" * 16}


class Noting:
    """Settings that know which of them were looked at."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seen: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.seen.add(name)
        return getattr(self.settings, name)


def test_what_is_called_reloadable_is_what_rules_are_made_of() -> None:
    noting = Noting(read_settings(**PAIR))

    make_rules(cast(Settings, noting))

    assert noting.seen == RELOADED


def test_the_page_on_configuration_lists_what_can_be_reloaded() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text()
    listed = page.partition("## What changes without a restart")[2].partition("\n## ")[0]

    names = {f"SAFELIGHT_{name.upper()}" for name in Settings.model_fields}
    told = {name for name in names if f"`{name}`" in listed.partition("Everything else")[0]}
    assert told == {f"SAFELIGHT_{name.upper()}" for name in RELOADED}


def test_equal_settings_make_equal_rules(tmp_path: Path) -> None:
    file = tmp_path / "safelight.toml"
    file.write_text('[presets]\nthumb = "w:300"\n')
    settings = read_settings(**PAIR, config=file, miss_rate="5/minute", widths="100,200")

    assert make_rules(settings) == make_rules(settings)
    file.write_text('[presets]\nthumb = "w:301"\n')
    assert make_rules(settings) != make_rules(settings.model_copy(update={"config": None}))


def test_all_problems_are_told_at_once() -> None:
    settings = read_settings(keys="x", salts="y", quality=5, miss_rate="often", config="/nowhere")

    with pytest.raises(SettingsError) as caught:
        make_rules(settings)

    named = [name in str(caught.value) for name in ("KEYS", "MISS_RATE", "CONFIG")]
    assert named == [True] * 3
