"""Writes behind the answer: offered without waiting, bounded, counted, and done when leaving."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from cache.entry import Entry
from cache.errors import TierFailed
from cache.write_behind import Counts, Write, WriteBehind

_PATIENCE = 20.0
ENTRY = Entry(b"body", "image/png", "png", 1, 1, 1, 1, 1, "png", 1.0)


class _Tier:
    """Writes as the test lets it, and remembers what it wrote."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.began: list[str] = []
        self.kept: dict[str, tuple[Entry, float | None]] = {}
        self.most_at_once = 0
        self._at_once = 0

    async def write(self, key: str, entry: Entry, ttl: float | None) -> bool:
        self.began.append(key)
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            await self.open.wait()
            await asyncio.sleep(0)
        finally:
            self._at_once -= 1
        self.kept[key] = (entry, ttl)
        return True

    async def has_begun(self, number: int) -> None:
        async with asyncio.timeout(_PATIENCE):
            while len(self.began) < number:  # noqa: ASYNC110  (any number may be waited for)
                await asyncio.sleep(0.001)


@pytest.fixture
def tier() -> _Tier:
    return _Tier()


async def _outcomes(*writes: Write) -> list[bool]:
    async with asyncio.timeout(_PATIENCE):
        return [await write for write in writes]


async def test_an_offer_is_written_behind_and_tells_when_it_is_kept(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE) as behind:
        write = behind.offer("a", ENTRY, 60.0)
        before = (write.done, behind.counts.queued, dict(tier.kept))
        tier.open.set()

        kept = await _outcomes(write)

    assert before == (False, 1, {})
    assert kept == [True]
    assert tier.kept == {"a": (ENTRY, 60.0)}
    assert behind.counts == Counts(written=1, failed=0, declined=0, dropped=0, queued=0)


async def test_no_more_are_written_at_once_than_there_are_writers(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, writers=3) as behind:
        writes = [behind.offer(str(number), ENTRY) for number in range(20)]
        await tier.has_begun(3)
        tier.open.set()
        await _outcomes(*writes)

    assert tier.most_at_once == 3
    assert len(tier.kept) == 20


async def test_a_full_queue_drops_the_oldest_offer(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, writers=1, most_entries=2) as behind:
        running = behind.offer("running", ENTRY)
        await tier.has_begun(1)
        oldest, middle, newest = (behind.offer(key, ENTRY) for key in ("old", "mid", "new"))
        counts = behind.counts
        tier.open.set()

        kept = await _outcomes(running, oldest, middle, newest)

    assert kept == [True, False, True, True]
    assert (counts.dropped, counts.queued) == (1, 2)
    assert list(tier.kept) == ["running", "mid", "new"]


async def test_the_queue_is_bounded_in_bytes_too_and_what_is_being_written_counts(
    tier: _Tier,
) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, writers=1, most_bytes=100) as behind:
        running = behind.offer("running", replace(ENTRY, body=b"x" * 40))
        await tier.has_begun(1)
        small = behind.offer("small", replace(ENTRY, body=b"x" * 30))
        hopeless = behind.offer("hopeless", replace(ENTRY, body=b"x" * 61))
        spared = small.done
        large = behind.offer("large", replace(ENTRY, body=b"x" * 60))
        tier.open.set()

        kept = await _outcomes(running, small, hopeless, large)
        again = await _outcomes(behind.offer("again", replace(ENTRY, body=b"x" * 100)))

    assert not spared
    assert kept == [True, False, False, True]
    assert again == [True]
    assert behind.counts.dropped == 2


async def test_a_key_that_waits_or_is_being_written_is_one_write(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, writers=1) as behind:
        running = behind.offer("a", ENTRY)
        await tier.has_begun(1)
        queued = behind.offer("b", ENTRY)
        again = [behind.offer("a", ENTRY), behind.offer("b", ENTRY)]
        tier.open.set()

        kept = await _outcomes(running, queued, *again)
        await _outcomes(behind.offer("a", ENTRY))

    assert kept == [True] * 4
    assert tier.began == ["a", "b", "a"]


async def test_whoever_leaves_the_wait_does_not_take_the_write_along(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE) as behind:
        write = behind.offer("a", ENTRY)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await write
        tier.open.set()

        kept = await _outcomes(write)

    assert kept == [True]


def _failing(error: BaseException) -> Callable[[str, Entry, float | None], Awaitable[bool]]:
    async def write(key: str, entry: Entry, ttl: float | None) -> bool:
        raise error

    return write


@pytest.mark.parametrize(
    "error", [TierFailed("down"), OSError("down"), RuntimeError("down"), asyncio.CancelledError()]
)
async def test_a_write_that_fails_is_counted_and_the_writer_goes_on(error: BaseException) -> None:
    async with WriteBehind(_failing(error), deadline=_PATIENCE, writers=1) as behind:
        kept = await _outcomes(behind.offer("a", ENTRY), behind.offer("b", ENTRY))

    assert kept == [False, False]
    assert behind.counts.failed == 2


async def test_failures_are_logged_at_once_and_then_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    times = iter([0.0, 1.0, 59.0, 61.0, 62.0])
    failing = _failing(TierFailed("the tier is down"))
    async with WriteBehind(failing, deadline=_PATIENCE, clock=lambda: next(times)) as behind:
        for _ in range(5):
            await _outcomes(behind.offer("a", ENTRY))

    assert [record.levelno for record in caplog.records] == [logging.WARNING] * 2
    assert "1 results could not be written; the last, a: TierFailed" in caplog.messages[0]
    assert "3 results could not be written" in caplog.messages[1]


async def test_what_the_tier_will_not_keep_is_no_failure() -> None:
    async def decline(key: str, entry: Entry, ttl: float | None) -> bool:
        return False

    async with WriteBehind(decline, deadline=_PATIENCE) as behind:
        kept = await _outcomes(behind.offer("a", ENTRY))

    assert kept == [False]
    assert behind.counts == Counts(written=0, failed=0, declined=1, dropped=0, queued=0)


async def test_a_write_that_takes_too_long_is_given_up(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=0.02) as behind:
        kept = await _outcomes(behind.offer("a", ENTRY))

    assert kept == [False]
    assert behind.counts.failed == 1


async def test_leaving_waits_for_what_is_still_to_be_written(tier: _Tier) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, drain=_PATIENCE, writers=1) as behind:
        writes = [behind.offer(str(number), ENTRY) for number in range(5)]
        asyncio.get_running_loop().call_later(0.05, tier.open.set)

    assert await _outcomes(*writes) == [True] * 5


async def test_leaving_drops_and_counts_what_takes_too_long(
    tier: _Tier, caplog: pytest.LogCaptureFixture
) -> None:
    async with WriteBehind(tier.write, deadline=_PATIENCE, drain=0.05, writers=2) as behind:
        writes = [behind.offer(str(number), ENTRY) for number in range(5)]

    assert await _outcomes(*writes) == [False] * 5
    assert behind.counts == Counts(written=0, failed=0, declined=0, dropped=5, queued=0)
    assert "5 results were not written within 0.05 s" in caplog.text


async def test_leaving_can_itself_be_cancelled(tier: _Tier) -> None:
    async def use() -> None:
        async with WriteBehind(tier.write, deadline=_PATIENCE, drain=_PATIENCE) as behind:
            behind.offer("a", ENTRY)
            await tier.has_begun(1)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(use(), 0.1)

    names = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if name.startswith("write-behind")]


async def test_nothing_is_taken_before_entering_or_after_leaving(tier: _Tier) -> None:
    behind = WriteBehind(tier.write, deadline=_PATIENCE)
    early = behind.offer("a", ENTRY)
    async with behind:
        pass

    late = behind.offer("b", ENTRY)

    assert await _outcomes(early, late) == [False, False]
    assert behind.counts.dropped == 2
