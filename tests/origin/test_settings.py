"""Settings: every name of the contract, and how a person is told of a wrong one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from origin.settings import Settings, SettingsError, read_settings
from origin.settings_table import table

# The contract of the design: name, default, a value that somebody sets, what it is read as.
NAMES: dict[str, tuple[Any, str, Any]] = {
    "HOST": ("127.0.0.1", "0.0.0.0", "0.0.0.0"),
    "PORT": (8080, "0", 0),
    "ADMIN_PORT": (8081, "0", 0),
    "KEYS": ("", "aa,bb", "aa,bb"),
    "SALTS": ("", "cc,dd", "cc,dd"),
    "UNSAFE": (False, "1", True),
    "LOCAL_ROOT": (None, "/srv/pictures", Path("/srv/pictures")),
    "S3_BUCKETS": ((), "photos, scans,", ("photos", "scans")),
    "S3_ENDPOINT": (None, "http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    "S3_REGION": (None, "eu-central-1", "eu-central-1"),
    "HTTP_ALLOW": ((), "a.example,b.example", ("a.example", "b.example")),
    "CACHE_MEMORY_MB": (256, "64", 64),
    "CACHE_DISK_DIR": (None, "/var/cache/safelight", Path("/var/cache/safelight")),
    "CACHE_DISK_MB": (1024, "2048", 2048),
    "CACHE_REDIS_URL": (None, "redis://127.0.0.1", "redis://127.0.0.1"),
    "CACHE_RESULTS": (None, "s3://bucket/prefix", "s3://bucket/prefix"),
    "TTL": (31_536_000, "0", 0),
    "POINTER_TTL": (60, "5", 5),
    "WORKERS": (0, "3", 3),
    "TIMEOUT": (10.0, "2.5", 2.5),
    "AUTO_FORMATS": (("avif", "webp"), "webp", ("webp",)),
    "ALLOW_SECURITY_OPTIONS": (False, "1", True),
    "MAX_SRC_MEGAPIXELS": (120.0, "0.5", 0.5),
    "MAX_SRC_MB": (100.0, "12", 12.0),
    "MAX_FRAMES": (200, "1", 1),
    "MAX_RESULT_MEGAPIXELS": (40.0, "4", 4.0),
}

pytestmark = pytest.mark.usefixtures("environment")


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_contract_has_its_default(name: str) -> None:
    assert getattr(read_settings(), name.lower()) == NAMES[name][0]


@pytest.mark.parametrize("name", NAMES)
def test_every_name_of_the_contract_is_read_from_the_environment(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    environment.setenv(f"SAFELIGHT_{name}", NAMES[name][1])

    assert getattr(read_settings(), name.lower()) == NAMES[name][2]


@pytest.mark.parametrize("name", Settings.model_fields)
def test_an_empty_variable_counts_as_absent(environment: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(read_settings(), name)

    environment.setenv(f"SAFELIGHT_{name.upper()}", "")

    assert getattr(read_settings(), name) == default


def test_what_the_caller_gives_goes_before_the_environment(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SAFELIGHT_PORT", "9000")

    assert read_settings(port=1234).port == 1234


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("SAFELIGHT_PROT", "did you mean SAFELIGHT_PORT?"),
        ("SAFELIGHT_S3_BUCKET", "did you mean SAFELIGHT_S3_BUCKETS?"),
        ("SAFELIGHT_Port", "did you mean SAFELIGHT_PORT?"),
        ("safelight_prot", "did you mean SAFELIGHT_PORT?"),
        ("SAFELIGHT_ZZZZZZ", "there is no such setting"),
    ],
)
def test_a_misspelt_name_is_refused_with_a_suggestion(
    environment: pytest.MonkeyPatch, written: str, hint: str
) -> None:
    environment.setenv(written, "1")

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert str(caught.value).startswith(f"{written}: there is no such setting")
    assert hint in str(caught.value)


def test_all_problems_are_reported_at_once_one_a_line(environment: pytest.MonkeyPatch) -> None:
    wrong = {"PROT": "1", "PORT": "99999", "TTL": "soon", "TIMEOUT": "nan", "AUTO_FORMATS": "gif"}
    for name, value in wrong.items():
        environment.setenv(f"SAFELIGHT_{name}", value)

    with pytest.raises(SettingsError) as caught:
        read_settings()

    lines = str(caught.value).splitlines()
    assert {line.partition(":")[0] for line in lines} == {f"SAFELIGHT_{name}" for name in wrong}
    assert len(lines) == len(wrong)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PORT", "99999", "less than or equal to 65535"),
        ("UNSAFE", "perhaps", "boolean"),
        ("TIMEOUT", "0", "greater than 0"),
        ("TIMEOUT", "inf", "less than or equal to"),
        ("MAX_FRAMES", "0", "greater than or equal to 1"),
        ("AUTO_FORMATS", "gif,avif", "expected avif, webp or both"),
    ],
)
def test_a_wrong_value_is_told_with_what_was_expected_and_what_came(
    environment: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    environment.setenv(f"SAFELIGHT_{name}", value)

    with pytest.raises(SettingsError) as caught:
        read_settings()

    assert expected in str(caught.value)
    assert repr(value) in str(caught.value)


def test_secrets_are_never_printed(environment: pytest.MonkeyPatch) -> None:
    for name in ("KEYS", "SALTS", "CACHE_REDIS_URL"):
        environment.setenv(f"SAFELIGHT_{name}", "5ec4e7")
    shown = repr(read_settings()) + str(read_settings())

    with pytest.raises(SettingsError) as caught:
        read_settings(keys=0x5EC4E7, port="x")

    assert "5ec4e7" not in shown
    assert str(0x5EC4E7) not in str(caught.value)
    assert "SAFELIGHT_KEYS" in str(caught.value)


def test_lists_and_origins_can_be_emptied_by_name(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("SAFELIGHT_AUTO_FORMATS", "none")
    environment.setenv("SAFELIGHT_CORS", "None")

    settings = read_settings()

    assert settings.auto_formats == ()
    assert settings.cors == ""


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().port = 1


def test_the_table_has_a_line_for_every_setting() -> None:
    lines = table().splitlines()[2:]

    assert [line.split("`")[1] for line in lines] == [
        f"SAFELIGHT_{name.upper()}" for name in Settings.model_fields
    ]
    assert not [line for line in lines if "| None |" in line]
