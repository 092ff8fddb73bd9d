"""Promises about the tree itself."""

from __future__ import annotations

import importlib
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("origin", "transforms", "signing", "cache", "loadtests", "tests")
MOST_LINES = 300


@pytest.mark.parametrize("name", PACKAGES)
def test_each_top_level_name_resolves_to_this_tree(name: str) -> None:
    package = importlib.import_module(name)

    assert package.__file__ == str(ROOT / name / "__init__.py")


def test_every_tests_folder_is_a_package() -> None:
    folders = {path.parent for path in (ROOT / "tests").rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_is_named_like_a_top_level_folder() -> None:
    modules = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]

    assert [path for path in modules if path.stem in PACKAGES] == []


def test_no_file_is_longer_than_two_screens() -> None:
    modules = [path for name in PACKAGES for path in (ROOT / name).rglob("*.py")]

    long = {
        str(path): lines
        for path in modules
        if (lines := len(path.read_text().splitlines())) > MOST_LINES
    }

    assert long == {}


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_locks_pin_every_package_with_hashes_and_name_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    packages = re.findall(r"^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==", text, re.MULTILINE)

    assert len(packages) > 20
    assert text.count("--hash=sha256:") >= len(packages)
    assert "://" not in text


def test_the_lock_of_the_server_holds_what_the_project_needs() -> None:
    declared = re.findall(r'^    "([\w.-]+)>=', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    locked = (ROOT / "requirements.lock").read_text()
    server = declared[: declared.index("uvloop") + 1]

    assert [name for name in server if not re.search(rf"^{name}==", locked, re.MULTILINE)] == []


def test_the_image_copies_every_package_of_the_server() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text()

    for package in ("origin", "transforms", "signing", "cache"):
        assert f"COPY {package} /app/{package}" in dockerfile
        assert f"!{package}" in ignored
    assert re.search(r"^USER \d+$", dockerfile, re.MULTILINE)


@pytest.mark.parametrize("script", [".ci/run", ".ci/setup"])
def test_scripts_are_valid_shell(script: str) -> None:
    checked = subprocess.run(["bash", "-n", str(ROOT / script)], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
