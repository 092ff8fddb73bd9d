"""Drawings have a lane of one worker: nobody foresees how long they take."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from origin.services import open_services
from origin.settings import read_settings
from tests.origin.live import PAIR, Origin, photo, until

_SLOW = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="1400" height="1400"><filter id="f">'
    '<feTurbulence baseFrequency="0.05" numOctaves="9" seed="{}"/></filter>'
    '<rect width="1400" height="1400" filter="url(#f)"/></svg>'
)


@pytest.mark.usefixtures("environment")
async def test_drawings_have_one_worker_and_photographs_the_others(tmp_path: Path) -> None:
    settings = read_settings(
        keys=PAIR.key.hex(), salts=PAIR.salt.hex(), local_root=tmp_path, workers=2, timeout=60
    )
    async with open_services(settings) as services:
        origin, workers = Origin(services, tmp_path), services.workers
        drawings = [origin.put(_SLOW.format(seed).encode()) for seed in range(3)]
        asked = [asyncio.create_task(origin.get(f"/plain/{each}@png")) for each in drawings]
        await until(lambda: workers.facts()["waiting"] == 2)

        busy = workers.facts()["busy"]
        photograph = await origin.get(f"/plain/{origin.put(photo())}@jpg")
        left = sum(not each.done() for each in asked)
        drawn = await asyncio.gather(*asked)

    assert busy == 1
    assert photograph.status_code == 200
    assert left >= 2
    assert [each.status_code for each in drawn] == [200, 200, 200]
