"""What was last known of a source: the version that goes into the names of its results.

Results never go stale, pointers do. As JSON, a pointer is an object of the five fields below.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

_KINDS: dict[str, tuple[type, ...]] = {
    "validator": (str, type(None)),
    "size": (int, type(None)),
    "modified": (float, int, type(None)),
    "cache_control": (str, type(None)),
    "checked": (float, int),
}

_TOO_LARGE = 2**63


@dataclass(frozen=True, slots=True)
class Pointer:
    """validator None: the source is missing. checked: when the look at it began, Unix seconds."""

    validator: str | None
    size: int | None
    modified: float | None
    cache_control: str | None
    checked: float


def to_json(pointer: Pointer) -> str:
    """In one line."""
    return json.dumps(asdict(pointer), separators=(",", ":"))


def from_json(text: str | bytes) -> Pointer:
    """ValueError if the text is anything but a pointer."""
    try:
        fields = json.loads(text)
    except RecursionError as error:
        raise ValueError("expected a pointer as JSON, got one that is nested too deep") from error
    if not isinstance(fields, dict) or fields.keys() != _KINDS.keys():
        raise ValueError(f"expected a JSON object of {sorted(_KINDS)}, got {text[:100]!r}")
    return Pointer(**{name: _checked(name, value) for name, value in fields.items()})


def _checked(name: str, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, _KINDS[name]):
        raise ValueError(f"{name}: expected another type, got {value!r}")
    if isinstance(value, int | float) and not abs(value) < _TOO_LARGE:
        raise ValueError(f"{name}: expected a number below 2^63, got another")
    return value
