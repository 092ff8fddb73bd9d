"""Keys and salts: two comma lists of hex, paired by index. The first pair signs, all verify."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from signing.errors import KeyConfigError

KEYS = "SAFELIGHT_KEYS"
SALTS = "SAFELIGHT_SALTS"

_NOT_HEX = re.compile(r"[^0-9A-Fa-f]")


@dataclass(frozen=True)
class KeyPair:
    """One HMAC key and the salt that goes before every text it signs."""

    key: bytes = field(repr=False)
    salt: bytes = field(repr=False)


def parse_pairs(keys: str, salts: str) -> tuple[KeyPair, ...]:
    """Read the two lists, or raise one KeyConfigError with everything that is wrong with them."""
    key_items, salt_items = _items(keys), _items(salts)
    problems = [*_problems(KEYS, key_items), *_problems(SALTS, salt_items)]
    if key_items and salt_items and len(key_items) != len(salt_items):
        problems.append(
            f"{SALTS}: expected {_values(len(key_items))}, one for each of {KEYS}, "
            f"got {_values(len(salt_items))}"
        )
    if problems:
        raise KeyConfigError(*problems)
    return tuple(
        KeyPair(bytes.fromhex(key), bytes.fromhex(salt))
        for key, salt in zip(key_items, salt_items, strict=True)
    )


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",")] if text.strip() else []


def _problems(setting: str, items: list[str]) -> list[str]:
    if not items:
        return [f"{setting}: expected at least one value in hex, got nothing"]
    return [
        f"{setting}[{index}]: {problem}"
        for index, item in enumerate(items)
        if (problem := _problem(item)) is not None
    ]


def _problem(item: str) -> str | None:
    """What is wrong with one value, in words that give none of it away."""
    if not item:
        return "expected hex digits, got an empty value"
    if stray := _NOT_HEX.search(item):
        place = f"at position {stray.start() + 1} of {len(item)}"
        return f"expected hex digits, got another character {place}"
    if len(item) % 2:
        return f"expected an even number of hex digits, got {len(item)}"
    return None


def _values(count: int) -> str:
    return f"{count} value{'s' if count != 1 else ''}"
