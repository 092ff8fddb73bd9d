from __future__ import annotations

import pytest

from origin.descriptors import within


@pytest.mark.parametrize(
    ("wanted", "descriptors", "possible"),
    [
        (10_000, 1_000_000, 10_000),
        (10_000, 11_024, 10_000),
        (10_000, 4096, 3072),
        (10_000, 1024, 512),
        (50, 1024, 50),
        (10_000, 1, 1),
    ],
)
def test_some_descriptors_are_left_for_everything_else(
    wanted: int, descriptors: int, possible: int
) -> None:
    assert within(wanted, descriptors) == possible
