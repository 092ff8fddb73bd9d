from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from origin.cli import main
from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair, parse_pairs

PAIR = KeyPair(b"test-key", b"test-salt")
OLD = KeyPair(b"old-key", b"old-salt")
PATH = "/rs:fit:300:300/plain/local:///cat.jpg"
SIGNED = ImgproxyScheme((PAIR,)).sign(PATH.encode()).decode()


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str


Safelight = Callable[..., Outcome]


@pytest.fixture
def safelight(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Safelight:
    """Runs the command in an empty folder, without keys in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SAFELIGHT_KEYS", raising=False)
    monkeypatch.delenv("SAFELIGHT_SALTS", raising=False)
    monkeypatch.delenv("SAFELIGHT_SETTINGS_DIR", raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Outcome:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        printed = capsys.readouterr()
        return Outcome(int(caught.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def keys(safelight: Safelight, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SAFELIGHT_KEYS", f"{PAIR.key.hex()},{OLD.key.hex()}")
    monkeypatch.setenv("SAFELIGHT_SALTS", f"{PAIR.salt.hex()},{OLD.salt.hex()}")


def write(file: Path, pair: KeyPair) -> Path:
    file.parent.mkdir(exist_ok=True)
    file.write_text(
        "# keys\n"
        f"export SAFELIGHT_KEYS={pair.key.hex()}\n"
        f"SAFELIGHT_SALTS='{pair.salt.hex()}'\n"
        "SAFELIGHT_PORT=8080\n"
    )
    return file


def exported(out: str) -> tuple[KeyPair, ...]:
    match = re.fullmatch(r"export SAFELIGHT_KEYS=(\S+)\nexport SAFELIGHT_SALTS=(\S+)\n", out)
    assert match, out
    return parse_pairs(match[1], match[2])


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_explains_what_there_is(safelight: Safelight, arguments: tuple[str, ...]) -> None:
    printed = safelight(*arguments)

    assert all(
        word in printed.out + printed.err for word in ("image origin", "keygen", "sign", "verify")
    )


def test_keygen_prints_a_new_pair_of_32_random_bytes_each_for_a_shell(safelight: Safelight) -> None:
    one, other = (exported(safelight("keygen").out) for _ in range(2))

    assert [(len(pair.key), len(pair.salt)) for pair in (*one, *other)] == [(32, 32)] * 2
    assert len({one[0].key, one[0].salt, other[0].key, other[0].salt}) == 4


@pytest.mark.usefixtures("keys")
def test_keygen_for_rotation_puts_the_new_pair_first_and_keeps_the_old(
    safelight: Safelight,
) -> None:
    printed = safelight("keygen", "--add")

    pairs = exported(printed.out)
    assert pairs[1:] == (PAIR, OLD)
    assert pairs[0] not in (PAIR, OLD)
    assert "first pair is new" in printed.err


@pytest.mark.usefixtures("keys")
def test_sign_prints_the_path_signed_with_the_first_pair(safelight: Safelight) -> None:
    assert safelight("sign", PATH) == Outcome(0, SIGNED + "\n", "")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("host", ["https://cdn.example", "https://cdn.example/"])
def test_sign_prints_a_whole_url_for_a_host(safelight: Safelight, host: str) -> None:
    assert safelight("sign", PATH, "--url", host).out == f"https://cdn.example{SIGNED}\n"


@pytest.mark.usefixtures("keys")
def test_sign_makes_shorter_signatures_that_verify(safelight: Safelight) -> None:
    signed = safelight("sign", PATH, "--size", "16").out.strip()

    assert len(signed.removesuffix(PATH)) == 1 + 22
    assert safelight("verify", signed).code == 0


@pytest.mark.usefixtures("keys")
def test_sign_escapes_what_a_url_cannot_hold_and_verify_takes_either_form(
    safelight: Safelight,
) -> None:
    signed = safelight("sign", "/w:3/plain/local:///a café.jpg@webp").out.strip()

    assert signed.endswith("/w:3/plain/local:///a%20caf%C3%A9.jpg@webp")
    assert safelight("verify", signed).code == 0
    assert safelight("verify", signed.replace("%20caf%C3%A9", " café")).code == 0


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("rs:fit/plain/a",), "begins with a slash"),
        (("/",), "begins with a slash"),
        (("/plain/https://host/a?b",), "%3F"),
        (("/plain/a#b",), "%23"),
        ((PATH, "--size", "15"), "greater than or equal to 16"),
        ((PATH, "--keys-file", "nowhere"), "does not exist"),
    ],
)
def test_sign_says_what_it_expected(
    safelight: Safelight, arguments: tuple[str, ...], complaint: str
) -> None:
    refused = safelight("sign", *arguments)

    assert refused.code == 2
    assert complaint in refused.err
    assert refused.out == ""


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("url", [SIGNED, f"https://cdn.example{SIGNED}", f"{SIGNED}?utm=1"])
def test_verify_says_what_was_signed_and_by_which_pair(safelight: Safelight, url: str) -> None:
    verified = safelight("verify", url)

    assert verified.code == 0
    assert f"Signed text: {PATH}\n" in verified.out
    assert "pair [0] of 2" in verified.out
    assert "Expires: never" in verified.out


@pytest.mark.usefixtures("keys")
def test_verify_names_an_older_pair_by_its_index(safelight: Safelight) -> None:
    signed = ImgproxyScheme((OLD,)).sign(PATH.encode()).decode()

    assert "pair [1] of 2" in safelight("verify", signed).out


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    ("url", "verdict", "hint"),
    [
        (PATH, "signature missing", "Nothing was signed"),
        (SIGNED.replace("/rs", "=/rs"), "signature malformed", "Padding was left on"),
        ("/oWaL7QoW5Ts/asd", "signature wrong length", "cut to 8 bytes"),
        (SIGNED.replace("300", "301"), "signature mismatch", "path was changed after signing"),
    ],
)
def test_verify_says_which_check_failed_and_how_to_mend_it(
    safelight: Safelight, url: str, verdict: str, hint: str
) -> None:
    refused = safelight("verify", url)

    assert refused.code == 1
    assert refused.out.startswith(f"Refused: {verdict}: ")
    assert hint in refused.out


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize("name", ["exp", "expires"])
def test_verify_refuses_a_url_after_its_end_and_not_before(safelight: Safelight, name: str) -> None:
    def verified(seconds: str) -> Outcome:
        return safelight("verify", safelight("sign", f"/{name}:{seconds}/plain/a").out.strip())

    past, future = verified("1000000000"), verified(str(int(time.time()) + 3600))
    endless, odd = verified("9223372036854775807"), verified("soon")

    assert (past.code, future.code, endless.code, odd.code) == (1, 0, 0, 1)
    assert "Refused: expired: the URL ended at 2001-09-09 01:46:40+00:00" in past.out
    assert "Expires: 2" in future.out
    assert "Expires: second 9223372036854775807" in endless.out
    assert "Refused: expiry malformed" in odd.out


def test_without_keys_every_command_says_what_to_do(safelight: Safelight) -> None:
    for arguments in (("sign", PATH), ("verify", SIGNED), ("keygen", "--add")):
        refused = safelight(*arguments)

        assert (refused.code, refused.out) == (1, "")
        assert "safelight keygen" in refused.err
        assert "--keys-file" in refused.err


def test_keys_come_from_a_file_that_is_named(safelight: Safelight, tmp_path: Path) -> None:
    file = write(tmp_path / "my.env", PAIR)

    assert safelight("sign", PATH, "--keys-file", str(file)) == Outcome(0, SIGNED + "\n", "")


@pytest.mark.usefixtures("keys")
def test_a_named_file_goes_before_the_environment(safelight: Safelight, tmp_path: Path) -> None:
    file = write(tmp_path / "my.env", OLD)

    signed = safelight("sign", PATH, "--keys-file", str(file)).out.strip()

    assert "pair [1] of 2" in safelight("verify", signed).out


def test_without_an_environment_the_demo_servers_keys_are_used_and_named(
    safelight: Safelight, tmp_path: Path
) -> None:
    write(tmp_path / ".safelight" / "keys.env", PAIR)

    signed = safelight("sign", PATH)

    assert (signed.code, signed.out) == (0, SIGNED + "\n")
    assert "Using the keys in .safelight/keys.env" in signed.err


@pytest.mark.usefixtures("keys")
def test_the_environment_goes_before_the_demo_servers_keys(
    safelight: Safelight, tmp_path: Path
) -> None:
    write(tmp_path / ".safelight" / "keys.env", OLD)

    assert safelight("sign", PATH) == Outcome(0, SIGNED + "\n", "")


def test_bad_lists_are_reported_together_without_a_traceback(
    safelight: Safelight, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAFELIGHT_KEYS", "not-hex-at-all,aa")

    refused = safelight("sign", PATH)

    assert refused.code == 1
    assert refused.err.splitlines() == [
        "SAFELIGHT_KEYS[0]: expected hex digits, got another character at position 1 of 14",
        "SAFELIGHT_SALTS: expected at least one value in hex, got nothing",
    ]


def test_a_keys_file_that_is_no_text_is_reported_without_a_traceback(
    safelight: Safelight, tmp_path: Path
) -> None:
    file = tmp_path / "keys.bin"
    file.write_bytes(b"\xff\xfe\x00")

    refused = safelight("sign", PATH, "--keys-file", str(file))

    assert refused.code == 1
    assert "expected lines of text" in refused.err


def test_the_installed_command_runs_as_a_process() -> None:
    command = Path(sys.executable).with_name("safelight")

    result = subprocess.run([command, "keygen"], capture_output=True, check=True, text=True)

    assert exported(result.stdout)
