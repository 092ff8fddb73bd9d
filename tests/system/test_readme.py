"""What the README says of the settings is what the settings say of themselves."""

from __future__ import annotations

from pathlib import Path

from origin.settings_table import table

README = Path(__file__).parents[2] / "README.md"
START, END = "<!-- settings -->\n", "<!-- /settings -->"


def test_the_table_of_settings_is_up_to_date() -> None:
    held = README.read_text().partition(START)[2].partition(END)[0]

    assert held.strip() == table().strip(), "README.md: the settings table is old; run `make docs`"
