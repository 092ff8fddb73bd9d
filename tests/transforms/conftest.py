"""These tests read results back with any loader."""

from __future__ import annotations

from tests.loaders import every_loader as every_loader
