"""What a running server says of a URL: the same as it does, without doing it."""

from __future__ import annotations

from typing import Any

import pytest

from cache.pointers import Pointers
from origin.caching import looking_at
from origin.explain.explanation import explain
from tests.origin.live import CHROME, HOST, Origin, photo, signed

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def explained(
    origin: Origin, path: str, *, accept: str = CHROME, run: bool = False
) -> dict[str, Any]:
    return await explain(HOST + path, accept=accept, run=run, services=origin.services)


def counts(origin: Origin) -> Any:
    """All that a request leaves behind, but looks at sources."""
    services = origin.services
    return (
        services.caches.tiers.counts(),
        services.workers.facts()["begun"],
        services.caches.flights.joined,
        dict(services.variants.renderer.admission.costs.learned),
    )


async def test_key_and_headers_are_those_of_the_answer(opened: Origin) -> None:
    path = f"/w:30/plain/{opened.put(photo())}"
    answer = await opened.get(path, {"accept": CHROME})

    facts = await explained(opened, signed(path))

    assert facts["understood"]
    assert facts["etag"] == answer.headers["etag"]
    assert facts["tiers"] == {"memory": "held"}
    same = facts["headers"].keys() - {"age"}
    assert {name: answer.headers[name] for name in same} == {
        name: facts["headers"][name] for name in same
    }


async def test_nothing_is_made_kept_or_counted(opened: Origin) -> None:
    path = signed(f"/w:31/plain/{opened.put(photo())}")
    before = counts(opened)

    first = await explained(opened, path)
    again = await explained(opened, path)

    assert first["tiers"] == again["tiers"] == {"memory": "not held"}
    assert [pointer["known"] for pointer in (*first["pointers"], *again["pointers"])] == [
        False,
        True,
    ]
    assert first["pointers"][0]["bytes"] > 0
    assert first["cost"]["lane"] == "cheap"
    assert counts(opened) == before


async def test_a_run_tells_how_long_each_stage_took_and_keeps_nothing(opened: Origin) -> None:
    path = signed(f"/rs:force:30:20/plain/{opened.put(photo(60, 40))}@webp")

    facts = await explained(opened, path, run=True)
    after = await explained(opened, path)

    run = facts["run"]
    assert run["stages_ms"].keys() >= {"fetch", "queue", "decode", "process", "encode"}
    assert run["ms"] >= sum(run["stages_ms"].values()) * 0.5
    assert (run["width"], run["height"]) == (30, 20)
    assert (run["source_width"], run["source_height"]) == (60, 40)
    assert facts["headers"]["content-type"] == run["media_type"] == "image/webp"
    assert facts["headers"]["content-length"] == str(run["bytes"])
    assert after["tiers"] == {"memory": "not held"}


async def test_the_source_of_a_url_that_is_refused_is_not_looked_at(opened: Origin) -> None:
    path = f"/{'A' * 43}/w:32/plain/{opened.put(photo())}"
    looks = opened.services.variants.pointers.counts["look"]

    facts = await explained(opened, path, run=True)

    assert [refusal["code"] for refusal in facts["refusals"]] == ["signature_mismatch"]
    assert not facts["pointers"][0]["known"]
    assert "key" not in facts
    assert "run" not in facts
    assert opened.services.variants.pointers.counts["look"] == looks


async def test_what_keeps_the_picture_from_being_made_is_a_refusal(opened: Origin) -> None:
    missing = await explained(opened, signed("/w:33/plain/local:///nowhere.jpg"))
    closed = await explained(opened, signed("/w:33/plain/s3://nobodys/a.jpg"))
    broken = signed(f"/w:33/plain/{opened.put(photo()[:300])}@png")
    unseen = await explained(opened, broken)
    tried = await explained(opened, broken, run=True)

    assert missing["refusals"][0]["code"] == "source_not_found"
    assert missing["pointers"][0]["missing"]
    assert closed["refusals"][0]["code"] == "source_not_allowed"
    assert unseen["understood"]
    assert not tried["understood"]
    assert tried["refusals"][0]["status"] == 422


async def test_an_avif_that_would_be_put_off_is_told(opened: Origin) -> None:
    path = signed(f"/w:34/plain/{opened.put(photo())}")

    facts = await explained(opened.having(auto_avif_ms=0.001), path)

    assert facts["format"]["format"] == "avif"
    assert facts["cost"]["degraded"] == {"reason": "cost", "instead": "webp"}


async def test_limits_and_tiers_are_those_of_the_moment(opened: Origin) -> None:
    path = signed(f"/w:35/plain/{opened.put(photo())}")

    facts = await explained(opened.having(max_src_megapixels=7.0, max_variants=3), path)

    assert facts["limits"]["source_megapixels"] == 7.0
    assert facts["limits"]["variants_a_day"] == 3


async def test_what_was_last_known_of_a_source_is_told_however_old(opened: Origin) -> None:
    reference = opened.put(photo())
    services = opened.services
    pointers = Pointers(
        looking_at(services.sources), ttl=1e-9, negative_ttl=0, purges=services.variants.purges
    )
    await pointers.get(reference)

    last = pointers.last(reference)

    assert last is not None
    assert pointers.peek(reference) is None
    await pointers.close()
