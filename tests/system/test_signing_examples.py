"""The README's signing examples, run as a reader would run them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from signing.imgproxy import ImgproxyScheme
from signing.keys import KeyPair

README = Path(__file__).parents[2] / "README.md"
HEADING = "## Your first signed URL"
PATH = b"/rs:fill:400:300/plain/local:///cat.jpg"


@dataclass(frozen=True)
class Runner:
    """How to run an example: a command that takes a file, and all that must be installed."""

    command: tuple[str, ...]
    suffix: str
    needs: tuple[str, ...] = ()


RUNNERS = {
    "python": Runner((sys.executable,), ".py"),
    "javascript": Runner(("node",), ".js"),
    "php": Runner(("php",), ".php"),
    "go": Runner(("go", "run"), ".go"),
    "bash": Runner(("bash",), ".sh", needs=("openssl",)),
}


def section() -> str:
    return README.read_text().partition(HEADING)[2].partition("\n## ")[0]


def examples() -> dict[str, str]:
    """The code blocks of the section by their language tag, without console sessions."""
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", section(), re.MULTILINE | re.DOTALL)
    return {language: code for language, code in blocks if language != "console"}


def signed_by(language: str, pair: KeyPair, folder: Path) -> bytes:
    runner = RUNNERS[language]
    for program in (runner.command[0], *runner.needs):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    file = folder / f"sign{runner.suffix}"
    file.write_text(examples()[language])
    result = subprocess.run(
        [*runner.command, str(file)],
        env=os.environ
        | {"SAFELIGHT_KEYS": pair.key.hex(), "SAFELIGHT_SALTS": pair.salt.hex()}
        | {"GOTOOLCHAIN": "local", "GOFLAGS": ""},
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr.decode()
    return result.stdout


def test_the_section_has_one_example_for_each_language() -> None:
    assert set(examples()) == set(RUNNERS)


@pytest.mark.parametrize("language", RUNNERS)
def test_an_example_signs_as_the_server_expects(language: str, tmp_path: Path) -> None:
    pair = KeyPair(os.urandom(32), os.urandom(32))

    printed = signed_by(language, pair, tmp_path)

    assert printed == ImgproxyScheme((pair,)).sign(PATH) + b"\n"


@pytest.mark.parametrize("language", ["javascript", "bash"])
@pytest.mark.parametrize("awkward", [b"\x00" * 32, b"%s\\x\n\x00" * 4, b"\xff" * 32])
def test_an_example_takes_keys_of_any_bytes(language: str, awkward: bytes, tmp_path: Path) -> None:
    pair = KeyPair(awkward, awkward)

    printed = signed_by(language, pair, tmp_path)

    assert printed == ImgproxyScheme((pair,)).sign(PATH) + b"\n"
