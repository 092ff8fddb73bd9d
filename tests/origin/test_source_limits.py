"""A source of too many bytes is told so at once, whatever else there is to do."""

from __future__ import annotations

import os

from origin.costs import Cost
from tests.origin.live import Origin

LITTLE = Cost(1.0, ("jpeg", 1), 1.0)


async def test_what_is_far_too_large_is_not_taken_for_load(opened: Origin) -> None:
    source = opened.put(b"\xff\xd8\xff", "huge.jpg")
    os.truncate(opened.root / "huge.jpg", 4 << 30)
    admission = opened.services.variants.renderer.admission

    with admission.admitted(LITTLE, source_bytes=1, seconds=10):
        answer = await opened.get(f"/w:20/plain/{source}")

    assert (answer.status_code, answer.headers["x-safelight-error"]) == (413, "source_too_large")
    assert all(
        word in answer.text for word in (str(4 << 30), str(100 << 20), "SAFELIGHT_MAX_SRC_MB")
    )
