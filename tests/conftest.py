"""What all tests have in common: patience of the property tests, and an order that saves time."""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings

# They tell what is wrong, not what is slow: machines that run them have other work.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that runs tests in the background has them ignore it, and so what they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

_LONG = ("tests/system/", "tests/hostile/", "tests/edge/", "tests/loadtests/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of long tests first: one that begins last would keep all other processes waiting."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))
