"""Under pressure, and where an AVIF would take too long, clients get a WebP now and it later."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import httpx
import pytest

from origin.costs import Cost
from tests.origin.live import CHROME, Origin, kind_of, photo

pytestmark = pytest.mark.asyncio(loop_scope="session")

FIRST_ONLY = "image/avif,*/*;q=0.5"


async def test_a_dear_avif_is_made_behind_a_webp_that_is_kept_for_a_minute(opened: Origin) -> None:
    path = f"/w:40/plain/{opened.put(photo())}"
    hurried = opened.having(auto_avif_ms=1e-3)

    now = await hurried.get(path, {"accept": CHROME})
    later = await _until_avif(hurried, path)

    assert (now.status_code, kind_of(now.content)) == (200, "webp")
    assert now.headers["x-safelight-degraded"] == "cost"
    assert now.headers["cache-control"] == "public, max-age=60"
    assert now.headers["vary"] == "Accept"
    assert "x-safelight-degraded" not in later.headers
    assert later.headers["cache-control"].startswith("public, max-age=31536000")
    assert later.headers["etag"] != now.headers["etag"]


async def test_a_client_that_has_the_passing_answer_is_told_that_it_is_still_the_one(
    opened: Origin,
) -> None:
    path = f"/w:41/plain/{opened.put(photo())}"
    hurried = opened.having(auto_avif_ms=1e-3)
    with _pressed(opened, 20):
        first = await hurried.get(path, {"accept": CHROME})
        again = await hurried.get(path, {"accept": CHROME, "if-none-match": first.headers["etag"]})

    assert kind_of(first.content) == "webp"
    # Unless the better one was made in between.
    assert again.status_code == 304 or kind_of(again.content) == "avif"


async def test_a_url_that_names_its_format_gets_it(opened: Origin) -> None:
    path = f"/w:42/plain/{opened.put(photo())}@avif"

    with _pressed(opened, 5):
        answer = await opened.having(auto_avif_ms=1e-3).get(path, {"accept": CHROME})

    assert kind_of(answer.content) == "avif"
    assert "x-safelight-degraded" not in answer.headers


async def test_under_pressure_avif_is_for_those_whose_avif_is_there(opened: Origin) -> None:
    kept = f"/w:43/plain/{opened.put(photo())}"
    await opened.get(kept, {"accept": CHROME})

    with _pressed(opened, 5):
        old = await opened.get(kept, {"accept": CHROME})
        new = await opened.get(f"/w:44/plain/{opened.put(photo())}", {"accept": CHROME})

    assert kind_of(old.content) == "avif"
    assert kind_of(new.content) == "webp"
    assert new.headers["x-safelight-degraded"] == "load"


async def test_a_client_that_reads_nothing_else_new_gets_the_plain_format(opened: Origin) -> None:
    with _pressed(opened, 5):
        answer = await opened.get(f"/w:45/plain/{opened.put(photo())}", {"accept": FIRST_ONLY})

    assert kind_of(answer.content) == "jpeg"
    assert answer.headers["x-safelight-degraded"] == "load"


async def test_without_pressure_nothing_is_degraded(opened: Origin) -> None:
    answer = await opened.get(f"/w:46/plain/{opened.put(photo())}", {"accept": CHROME})

    assert kind_of(answer.content) == "avif"
    assert "x-safelight-degraded" not in answer.headers


@contextlib.contextmanager
def _pressed(opened: Origin, seconds: float) -> Iterator[None]:
    """As if so much work were waiting."""
    admission = opened.services.variants.renderer.admission
    cost = Cost(400.0, ("test", 0), 400.0)
    with contextlib.ExitStack() as stack:
        for _ in range(int(seconds / 0.4)):
            stack.enter_context(admission.admitted(cost, source_bytes=0, seconds=1e6))
        yield


async def _until_avif(opened: Origin, path: str) -> httpx.Response:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        answer = await opened.get(path, {"accept": CHROME})
        if kind_of(answer.content) == "avif":
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("expected an AVIF in the end, got none within 20 s")
