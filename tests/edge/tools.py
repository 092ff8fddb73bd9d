"""Programs and readers that tests of configurations need, and a skip where they are missing."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.edge.edges import ROOT

_PATIENCE = 120.0
# Where `.ci/setup-edge-tools` puts what comes from npm.
NODE_MODULES = ROOT / "build" / "edge-tools" / "node_modules"


def tool(name: str, package: str) -> str:
    """Where it is: among this environment's scripts or in the path."""
    found = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if found is None:
        pytest.skip(f"expected {name}: {package}")
    return found


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """It ends within a bounded time; what it said is in the result."""
    return subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, timeout=_PATIENCE
    )


def documents(text: str) -> list[Any]:
    """Of a YAML file."""
    yaml = pytest.importorskip("yaml", reason="expected pyyaml: make setup-dev")
    return [document for document in yaml.safe_load_all(text) if document is not None]


def document(path: Path) -> Any:
    """Of a YAML file with one."""
    (only,) = documents(path.read_text())
    return only
