"""The README's table of settings: `python -m origin.settings_table` prints it."""

from __future__ import annotations

from pydantic.fields import FieldInfo

from origin.settings import PREFIX, Settings


def table() -> str:
    """Markdown, one line for each setting, in the order of their declaration."""
    lines = ["| name | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        lines.append(f"| `{PREFIX}{name.upper()}` | {default(field)} | {field.description} |")
    return "\n".join(lines) + "\n"


def default(field: FieldInfo) -> str:
    """As it would be written into the environment; a dash for what is off."""
    value = field.default
    if isinstance(value, bool):
        return f"`{value:d}`"
    if isinstance(value, tuple):
        value = ",".join(value)
    elif isinstance(value, float):
        value = f"{value:g}"
    return "–" if value in (None, "") else f"`{value}`"  # noqa: RUF001


if __name__ == "__main__":
    print(table(), end="")
