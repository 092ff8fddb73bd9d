"""Settings from folders: a file is as good as a variable, and as strictly looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

import origin.settings
from origin.setting_places import MAX_BYTES
from origin.settings import SettingsError, read_settings
from tests.system.mount import Mount


@pytest.fixture
def folder(environment: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "settings"
    folder.mkdir()
    environment.setenv("SAFELIGHT_SETTINGS_DIR", str(folder))
    return folder


def refusal() -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings()
    return str(caught.value)


def test_a_file_is_a_setting_in_any_case_and_without_white_space(folder: Path) -> None:
    (folder / "SAFELIGHT_KEYS").write_text("aa,bb\n")
    (folder / "safelight_widths").write_text(" 640, 320\n")
    (folder / "Safelight_Local_Root").write_text("/srv/pictures")
    (folder / "SAFELIGHT_CORS").write_text("none\n")
    (folder / "SAFELIGHT_PORT").write_text("\n")

    settings = read_settings()

    assert (settings.keys, settings.widths, settings.cors) == ("aa,bb", (320, 640), "")
    assert (settings.local_root, settings.port) == (Path("/srv/pictures"), 8080)


def test_folders_add_up_and_folders_in_them_and_names_with_a_dot_are_let_be(
    folder: Path, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    (other / "certificates").mkdir(parents=True)
    (other / "SAFELIGHT_TTL").write_text("5")
    (folder / "SAFELIGHT_PORT").write_text("1234")
    for name in (".hidden", "safelight.toml", "SAFELIGHT_PROT.bak", "tls.crt"):
        (folder / name).write_bytes(b"\xff")
    environment.setenv("SAFELIGHT_SETTINGS_DIR", f"{folder}, {other},")

    settings = read_settings()

    assert (settings.port, settings.ttl) == (1234, 5)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("SAFELIGHT_PROT", "did you mean SAFELIGHT_PORT?"),
        ("safelight_prot", "did you mean SAFELIGHT_PORT?"),
        ("keys", "did you mean SAFELIGHT_KEYS?"),
        ("database_password", "there is no such setting"),
        ("SAFELIGHT_SETTINGS_DIR", "expected this one in the environment"),
    ],
)
def test_a_file_that_is_no_setting_is_refused(folder: Path, name: str, problem: str) -> None:
    (folder / name).write_text("5ec4e7")

    message = refusal()

    assert message.startswith(f"{folder / name}: ")
    assert problem in message
    assert "5ec4e7" not in message


def test_a_setting_in_two_places_is_refused(
    folder: Path, tmp_path: Path, environment: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more").mkdir()
    for path in ("settings/SAFELIGHT_KEYS", "settings/SAFELIGHT_TTL", "more/safelight_ttl"):
        (tmp_path / path).write_text("5")
    environment.setenv("SAFELIGHT_SETTINGS_DIR", f"{folder},{tmp_path / 'more'}")
    environment.setenv("SAFELIGHT_KEYS", "5ec4e7")
    environment.setenv("SAFELIGHT_SALTS", "")

    lines = refusal().splitlines()

    assert [line.partition(":")[0] for line in lines] == ["SAFELIGHT_KEYS", "SAFELIGHT_TTL"]
    assert lines[0].endswith(f"got it from the environment and {folder / 'SAFELIGHT_KEYS'}")
    assert "5ec4e7" not in str(lines)


def test_what_cannot_be_read_is_named_and_not_shown(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("aa")
    (folder / "SAFELIGHT_KEYS").write_bytes(b"5ec4e7\xff")
    (folder / "SAFELIGHT_SALTS").symlink_to(tmp_path / "elsewhere")
    (folder / "SAFELIGHT_CORS").write_bytes(b"x" * (MAX_BYTES + 1))
    (folder / "SAFELIGHT_NODE").symlink_to("SAFELIGHT_NODE")
    (folder / "SAFELIGHT_HOST").mkdir()

    message = refusal()

    assert {line.partition(":")[0].rpartition("_")[2] for line in message.splitlines()} == {
        "KEYS",
        "SALTS",
        "CORS",
        "NODE",
        "HOST",
    }
    assert "5ec4e7" not in message


def test_a_wrong_value_is_told_as_that_of_a_variable_unless_it_is_a_secret(folder: Path) -> None:
    (folder / "SAFELIGHT_PORT").write_text("99999")

    message = refusal()

    assert message.startswith("SAFELIGHT_PORT: ")
    assert message.endswith("less than or equal to 65535, got '99999'")


def test_a_folder_that_is_not_there_is_refused(folder: Path) -> None:
    folder.rmdir()

    assert refusal().startswith(f"SAFELIGHT_SETTINGS_DIR: {folder}: expected a folder")


def test_a_mounted_volume_that_is_exchanged_meanwhile_is_read_anew(
    folder: Path, environment: pytest.MonkeyPatch
) -> None:
    mount, read, versions = Mount(folder), origin.settings._read, iter(["second", "third"])
    mount.put(NODE="first", KEYS="aa")

    def exchanged(*arguments: object) -> origin.settings.Settings:
        # The kubelet is quicker than we are, once in the middle and once at the end.
        node = next(versions, None)
        if node == "second":
            mount.put(NODE=node, SALTS="bb")
        settings = read(*arguments)  # type: ignore[arg-type]
        if node == "third":
            mount.put(NODE=node, SALTS="bb")
        return settings

    environment.setattr(origin.settings, "_read", exchanged)

    settings = read_settings()

    assert (settings.node, settings.keys, settings.salts) == ("third", "", "bb")
