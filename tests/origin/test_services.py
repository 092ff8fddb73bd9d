"""Opening the server's resources: what is refused at the start, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from origin.config_file import read_config_file
from origin.rules import make_dialect, make_rules, make_scheme
from origin.services import check, open_services
from origin.settings import SettingsError, read_settings
from signing.errors import SignatureMismatch
from signing.imgproxy import AnySignature

PAIR = {"keys": "aa" * 16, "salts": "bb" * 16}

pytestmark = pytest.mark.usefixtures("environment")


async def refusal(**given: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        async with open_services(read_settings(**given)):
            pass
    return str(caught.value)


async def test_without_keys_the_server_refuses_to_start_and_says_how_to_go_on() -> None:
    message = await refusal()

    assert "SAFELIGHT_KEYS" in message
    assert "safelight keygen" in message
    assert "SAFELIGHT_UNSAFE=1" in message


def test_without_keys_but_declared_unsafe_any_signature_passes() -> None:
    assert isinstance(make_scheme(read_settings(unsafe=True)), AnySignature)


def test_with_keys_a_wrong_signature_is_refused() -> None:
    scheme = make_scheme(read_settings(**PAIR))

    with pytest.raises(SignatureMismatch):
        scheme.verify(b"/" + b"A" * 43 + b"/plain/local:///a.jpg")


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"keys": "aa"}, "SAFELIGHT_SALTS"),
        ({"keys": "xy", "salts": "aa"}, "SAFELIGHT_KEYS[0]: expected hex digits"),
        ({"keys": "aa,bb", "salts": "aa"}, "expected 2 values"),
        ({**PAIR, "local_root": Path("/nowhere")}, "SAFELIGHT_LOCAL_ROOT: expected a folder"),
        ({**PAIR, "s3_buckets": "a/b"}, "SAFELIGHT_S3_BUCKETS: expected bare bucket names"),
        ({**PAIR, "s3_endpoint": "minio:9000"}, "SAFELIGHT_S3_ENDPOINT: expected a URL"),
        ({**PAIR, "config": Path("/nowhere.toml")}, "SAFELIGHT_CONFIG: /nowhere.toml"),
    ],
)
async def test_what_cannot_be_opened_is_named_by_its_setting(
    given: dict[str, Any], problem: str
) -> None:
    assert problem in await refusal(**given)


async def test_keys_are_never_part_of_a_message() -> None:
    assert "c0ffee" not in await refusal(keys="c0ffeez", salts="c0ffeez")


async def test_all_problems_are_told_at_once() -> None:
    message = await refusal(local_root=Path("/nowhere"), config=Path("/nowhere.toml"))

    assert [name in message for name in ("KEYS", "LOCAL_ROOT", "CONFIG")] == [True] * 3


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ("rs:fill:-1", "rs: width: expected a whole number"),
        ("blurr:5", '"blurr" is not an option'),
        ("w:300/plain", '"plain" is not an option with arguments'),
        ("pr:missing", 'no preset "missing"'),
        ("msr:5", "SAFELIGHT_ALLOW_SECURITY_OPTIONS"),
    ],
)
def test_a_preset_that_cannot_be_read_is_named(tmp_path: Path, options: str, problem: str) -> None:
    file = tmp_path / "safelight.toml"
    file.write_text(f'[presets]\nfine = "w:300"\nbroken = "{options}"\n')

    with pytest.raises(SettingsError) as caught:
        make_dialect(read_settings(), read_config_file(file))

    assert str(caught.value).startswith('SAFELIGHT_CONFIG: preset "broken": ')
    assert problem in str(caught.value)


def test_presets_quality_and_watermark_of_the_settings_reach_every_plan(tmp_path: Path) -> None:
    file = tmp_path / "safelight.toml"
    file.write_text('[presets]\nthumb = "w:300"\ndefault = "bl:2"\n')
    settings = read_settings(config=file, quality=50, watermark="local:///mark.png")

    plan = make_dialect(settings, read_config_file(file)).parse(
        b"/pr:thumb/wm:0.5/plain/local:///a.jpg"
    )

    assert plan.output.quality == 50
    assert plan.assets == ("local:///mark.png",)
    assert all(word in plan.canonical() for word in ("blur", "width=300"))


def test_limits_are_those_of_the_settings() -> None:
    bounds = {"max_src_megapixels": 1, "max_frames": 2, "max_result_megapixels": 3}

    limits = make_rules(read_settings(**PAIR, **bounds)).limits

    assert (limits.max_src_megapixels, limits.max_frames) == (1, 2)
    assert limits.max_result_megapixels == 3


def test_settings_that_work_together_pass_the_check(tmp_path: Path) -> None:
    check(read_settings(**PAIR, local_root=tmp_path, s3_buckets="photos"))
