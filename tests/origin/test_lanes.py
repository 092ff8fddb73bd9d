"""Who is given a worker next."""

from __future__ import annotations

import asyncio

import pytest

from origin.errors import Overloaded
from origin.lanes import Lane, Lanes, Order


def order(lane: Lane, since: float) -> Order:
    answer: asyncio.Future[tuple[bytes, bytes]] = asyncio.Future()
    return Order(b"", (), lane, since, lambda: None, answer)


def lanes(workers: int, *orders: Order) -> Lanes:
    lanes = Lanes(workers)
    for one in orders:
        lanes.join(one)
    return lanes


async def test_who_waits_longest_is_next_whatever_it_costs() -> None:
    first, second, third = order(Lane.DEAR, 1), order(Lane.CHEAP, 2), order(Lane.DRAWN, 3)
    waiting = lanes(4, third, second, first)

    assert [waiting.take([]) for _ in range(4)] == [first, second, third, None]


@pytest.mark.parametrize(
    ("lane", "workers", "share"),
    [
        (Lane.CHEAP, 4, 4),
        (Lane.DEAR, 4, 3),
        (Lane.DEAR, 1, 1),
        (Lane.DRAWN, 4, 1),
        (Lane.LATER, 4, 4),
    ],
)
async def test_a_lane_has_its_share_of_the_workers_and_no_more(
    lane: Lane, workers: int, share: int
) -> None:
    waiting = lanes(workers, *(order(lane, number) for number in range(9)))

    busy: list[Order] = []
    while len(busy) < workers and (taken := waiting.take(busy)) is not None:
        busy.append(taken)

    assert len(busy) == share


async def test_cheap_work_goes_past_a_lane_that_has_its_share() -> None:
    at_work, drawn, cheap = (order(lane, 0) for lane in (Lane.DRAWN, Lane.DRAWN, Lane.CHEAP))
    waiting = lanes(2, drawn, cheap)

    assert waiting.take([at_work]) is cheap
    assert waiting.take([at_work]) is None
    assert waiting.take([]) is drawn


async def test_what_can_wait_goes_last() -> None:
    later, dear = order(Lane.LATER, 0), order(Lane.DEAR, 9)
    waiting = lanes(2, later, dear)

    assert [waiting.take([]) for _ in range(2)] == [dear, later]


async def test_a_turn_that_was_for_nothing_comes_again_first() -> None:
    first, second = order(Lane.LATER, 0), order(Lane.LATER, 0)
    waiting = lanes(2, first, second)

    taken = waiting.take([])
    assert taken is first
    waiting.go_back(taken)

    assert waiting.take([]) is first


async def test_who_leaves_waits_no_more() -> None:
    stays, leaves = order(Lane.CHEAP, 5), order(Lane.DEAR, 1)
    waiting = lanes(2, stays, leaves)

    waiting.leave(leaves)
    waiting.leave(order(Lane.LATER, 0))

    assert list(waiting) == [stays]
    assert (len(waiting), waiting.since) == (1, 5)


async def test_a_full_lane_turns_away_and_the_others_do_not() -> None:
    waiting = lanes(1, *(order(Lane.DEAR, 0) for _ in range(256)))

    with pytest.raises(Overloaded, match="256 requests wait for 1 workers"):
        waiting.refuse_full(Lane.DEAR)
    waiting.refuse_full(Lane.CHEAP)
    assert lanes(1).since is None
