"""Keys that are mounted as files, as the server finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.origin.admin_server import Outcome, Safelight
from tests.origin.test_cli_keys import PAIR, PATH, SIGNED


@pytest.fixture
def mounted(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "SAFELIGHT_KEYS").write_text(f"{PAIR.key.hex()}\n")
    (folder / "safelight_salts").write_text(PAIR.salt.hex())
    environment.setenv("SAFELIGHT_SETTINGS_DIR", str(folder))
    return folder


@pytest.mark.usefixtures("mounted")
def test_keys_are_found_where_the_server_has_them_mounted(safelight: Safelight) -> None:
    assert safelight("sign", PATH) == Outcome(0, SIGNED + "\n", "")
    assert "signature is right" in safelight("verify", SIGNED).out


def test_one_list_may_be_mounted_and_the_other_in_the_environment(
    mounted: Path, safelight: Safelight, environment: pytest.MonkeyPatch
) -> None:
    (mounted / "SAFELIGHT_KEYS").unlink()
    environment.setenv("SAFELIGHT_KEYS", PAIR.key.hex())

    assert safelight("verify", SIGNED).code == 0


def test_a_folder_that_cannot_be_read_is_named(
    safelight: Safelight, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("SAFELIGHT_SETTINGS_DIR", str(tmp_path / "nowhere"))

    refused = safelight("sign", PATH)

    assert refused.code == 1
    assert "SAFELIGHT_SETTINGS_DIR: expected" in refused.err
