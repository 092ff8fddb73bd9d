"""Whether the settings can be used together, and the keys among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from origin.config_file import read_config_file
from origin.doctor.finding import Finding, fail, ok, warn
from origin.services import check
from origin.settings import Settings, SettingsError
from signing.errors import KeyConfigError
from signing.keys import parse_pairs

_FEWEST_BYTES: Final = 16
_MEND: Final = "see docs/configuration.md"


def unreadable(error: SettingsError) -> list[Finding]:
    """Every problem; nothing that depends on the settings can be looked at."""
    return [fail("settings", line, _MEND) for line in str(error).splitlines()]


async def check_settings(settings: Settings) -> Sequence[Finding]:
    try:
        check(settings)
    except SettingsError as error:
        return unreadable(error)
    file = read_config_file(settings.config)
    found = "valid"
    if settings.config is not None:
        found += f"; {len(file.presets)} presets, {len(file.policies.rules)} policies"
    return [ok("settings", found)]


async def check_keys(settings: Settings) -> Sequence[Finding]:
    """Of what is wrong with a key, not a character of it is told."""
    findings: list[Finding] = []
    if settings.unsafe:
        found = "signatures are not checked: whoever reaches the image port may ask for anything"
        return [warn("keys", found, "set keys (`safelight keygen`) and SAFELIGHT_UNSAFE=0")]
    try:
        pairs = parse_pairs(settings.keys, settings.salts)
    except KeyConfigError:
        return []  # `check_settings` tells it
    shortest = min(len(pair.key) for pair in pairs)
    fresh = "make another pair with `safelight keygen --add`"
    if shortest < _FEWEST_BYTES:
        findings.append(
            warn("keys", f"a key has {shortest} bytes, fewer than {_FEWEST_BYTES}", fresh)
        )
    if any(pair.key == pair.salt for pair in pairs):
        findings.append(warn("keys", "a salt is the same as its key", fresh))
    if len(set(pairs)) < len(pairs):
        findings.append(warn("keys", "a pair stands there twice", "drop one of them"))
    several = "the first signs, all verify" if len(pairs) > 1 else "it signs and verifies"
    return findings or [ok("keys", f"{len(pairs)}, of {shortest} bytes or more; {several}")]
