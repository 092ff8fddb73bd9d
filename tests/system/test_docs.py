"""The generated documentation says what the code says."""

from __future__ import annotations

from origin import docs
from transforms.terms import TERMS


def test_the_page_of_options_is_up_to_date() -> None:
    held = (docs.ROOT / "docs" / "options.md").read_text()

    assert held == docs.options(), "docs/options.md is old; run `make docs`"


def test_the_readme_is_up_to_date() -> None:
    held = (docs.ROOT / "README.md").read_text()

    assert held == docs.readme(held), "README.md is old; run `make docs`"


def test_every_word_of_the_dialect_is_documented() -> None:
    page = docs.options()
    words = [word for group in TERMS.values() for one in group.spellings for word in one.words]

    assert [word for word in words if f"`{word}`" not in page] == []
