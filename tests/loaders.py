"""libvips' blocks hold for a whole process, so a test that ran the pipeline leaves them behind."""

from __future__ import annotations

import pytest
import pyvips

from transforms.engine import secure


@pytest.fixture(autouse=True)
def every_loader() -> None:
    """For tests that look at files with libvips' own choice of a loader."""
    # Once in a process, so not in the midst of a test.
    secure()
    open_all()


def open_all() -> None:
    """Until somebody secures the process anew."""
    pyvips.block_untrusted_set(False)
    pyvips.operation_block_set("VipsForeign", False)
