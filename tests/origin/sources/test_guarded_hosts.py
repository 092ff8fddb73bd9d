"""Guards of web hosts: one each, not too many, and a limit for all together."""

from __future__ import annotations

import asyncio

import pytest

from origin.sources.errors import SourceBusy, SourceError, SourceTimeout, SourceUnavailable
from origin.sources.guarded_hosts import GuardedHosts
from tests.origin.sources.told import FOUND, Told, answer, failing, settled, silence, turn


@pytest.fixture
def store() -> Told:
    return Told()


async def test_hosts_have_guards_of_their_own_whatever_way_they_are_spelt(store: Told) -> None:
    hosts = GuardedHosts(store, connections=2, timeout=60, clock=lambda: store.now)
    store.behave = failing(SourceTimeout("slow"))
    for spelling in ("http://A.example/1", "https://a.example/2", "http://a.example:80/3") * 2:
        with pytest.raises(SourceError):
            await hosts.stat(spelling)
    store.behave = answer

    with pytest.raises(SourceUnavailable, match=r"^a\.example: "):
        await hosts.stat("http://a.example/4")
    found = await hosts.stat("http://b.example/4")

    assert found == FOUND
    assert {host: facts["state"] for host, facts in hosts.facts().items()} == {
        "a.example": "open",
        "b.example": "closed",
    }


async def test_hosts_together_have_a_limit_that_no_one_of_them_can_take_up(store: Told) -> None:
    store.behave = silence
    hosts = GuardedHosts(store, connections=2, timeout=0.8)
    names = [f"http://{host}.example/a" for host in "abcd"]
    holding = [asyncio.create_task(hosts.stat(name)) for name in names * 2]
    await turn()

    with pytest.raises(SourceBusy):
        await hosts.stat("http://e.example/a")

    assert store.most == 8
    assert await settled(holding) == [SourceTimeout] * 8


async def test_only_so_many_hosts_are_remembered_and_those_in_use_always(store: Told) -> None:
    hosts = GuardedHosts(store, connections=2, timeout=60, most=3)
    store.behave = silence
    holding = asyncio.create_task(hosts.stat("http://busy.example/a"))
    await turn()
    store.behave = answer

    for number in range(20):
        await hosts.stat(f"http://{number}.example/a")

    assert list(hosts.facts()) == ["busy.example", "18.example", "19.example"]
    holding.cancel()
    await settled([holding])


async def test_when_all_remembered_hosts_are_in_use_another_one_is_refused(store: Told) -> None:
    hosts = GuardedHosts(store, connections=2, timeout=60, most=2)
    store.behave = silence
    holding = [asyncio.create_task(hosts.stat(f"http://{name}.example/a")) for name in "ab"]
    await turn()

    with pytest.raises(SourceBusy, match="fewer than 2 hosts"):
        await hosts.stat("http://c.example/a")

    for task in holding:
        task.cancel()
    await settled(holding)
