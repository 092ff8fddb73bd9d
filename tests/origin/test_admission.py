"""Work is admitted by how long it will take, and what cannot be done in time is told at once."""

from __future__ import annotations

import contextlib

import pytest

from origin.admission import DEAR_MS, Admission
from origin.costs import Cost, Costs
from origin.errors import Overloaded
from transforms.dialects.imgproxy import Imgproxy
from transforms.plan import Plan

MB = 1 << 20


def plan(options: str) -> Plan:
    return Imgproxy().parse(f"/{options}/plain/local:///x".encode())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admission(workers: int = 2, max_bytes: int = 100 * MB, clock: Clock | None = None) -> Admission:
    return Admission(workers, Costs(), max_bytes=max_bytes, clock=clock or Clock())


def cost(ms: float) -> Cost:
    return Cost(ms, ("webp", 8), ms)


def fill(pool: Admission, ms: float, count: int, stack: contextlib.ExitStack) -> None:
    for _ in range(count):
        stack.enter_context(pool.admitted(cost(ms), source_bytes=0, seconds=1e6))


def test_what_can_be_done_in_time_is_admitted_and_what_cannot_is_not() -> None:
    pool = admission()

    with contextlib.ExitStack() as stack:
        fill(pool, 100, 40, stack)  # two seconds for two workers
        with pool.admitted(cost(100), source_bytes=0, seconds=5):
            pass
        with (
            pytest.raises(Overloaded) as refused,
            pool.admitted(cost(100), source_bytes=0, seconds=1),
        ):
            pass

    assert refused.value.retry_after == 2
    assert "SAFELIGHT_TIMEOUT" in str(refused.value)
    assert pool.turned_away == 1


def test_work_must_have_time_to_be_done_after_its_wait() -> None:
    pool = admission(workers=1)

    with contextlib.ExitStack() as stack:
        fill(pool, 400, 10, stack)
        with pool.admitted(cost(400), source_bytes=0, seconds=10):
            pass
        with (
            pytest.raises(Overloaded),
            pool.admitted(cost(DEAR_MS * 11), source_bytes=0, seconds=10),
        ):
            pass


def test_a_queue_that_stands_is_kept_short_until_it_was_empty() -> None:
    clock = Clock()
    pool = admission(workers=1, clock=clock)
    with contextlib.ExitStack() as stack:
        fill(pool, 100, 30, stack)
        with pool.admitted(cost(100), source_bytes=0, seconds=10):
            pass  # three seconds are no matter at first
        clock.now += 6
        with pytest.raises(Overloaded), pool.admitted(cost(100), source_bytes=0, seconds=10):
            pass

    with pool.admitted(cost(100), source_bytes=0, seconds=10), contextlib.ExitStack() as stack:
        fill(pool, 100, 30, stack)
        pool.refuse_late(10)


def test_a_queue_that_stands_never_leaves_a_worker_without_work() -> None:
    clock = Clock()
    pool = admission(workers=1, clock=clock)
    with contextlib.ExitStack() as stack:
        fill(pool, 2500, 1, stack)
        pool.refuse_late(10, dear=True, ms=2500)
        clock.now += 6

        fill(pool, 2500, 1, stack)

        with pytest.raises(Overloaded):
            pool.refuse_late(10, dear=True, ms=2500)


def test_however_short_the_work_only_so_much_of_it_waits() -> None:
    pool = admission(workers=1)

    with contextlib.ExitStack() as stack:
        fill(pool, 1, 256, stack)
        with pytest.raises(Overloaded, match="256 others"):
            pool.refuse_late(10)


def test_nothing_is_left_of_work_that_is_done_or_failed() -> None:
    pool = admission()

    for _ in range(100):
        with (
            contextlib.suppress(ValueError),
            pool.admitted(cost(0.1), source_bytes=MB, seconds=10),
        ):
            raise ValueError

    assert pool.facts() == {
        "cheap": 0, "dear": 0, "wait_s": 0.0, "dear_wait_s": 0.0, "bytes": 0, "turned_away": 0
    }  # fmt: skip


def test_an_idle_pool_takes_work_of_any_length() -> None:
    with admission().admitted(cost(60_000), source_bytes=0, seconds=10):
        pass


def test_cheap_work_waits_for_dear_work_only_where_there_is_no_other_worker() -> None:
    pool = admission(workers=4)

    with contextlib.ExitStack() as stack:
        fill(pool, 20 * DEAR_MS, 30, stack)
        waits = pool.wait(dear=False), pool.wait(dear=True)

    assert waits[0] == 0
    assert waits[1] > 60


def test_sources_in_hand_are_bounded_but_one_of_any_size_has_room() -> None:
    pool = admission(max_bytes=10 * MB)

    with (
        pool.admitted(cost(1), source_bytes=50 * MB, seconds=10),
        pytest.raises(Overloaded, match="SAFELIGHT_MAX_IN_HAND_MB"),
        pool.admitted(cost(1), source_bytes=MB, seconds=10),
    ):
        pass


def test_pressure_comes_late_and_goes_late() -> None:
    pool = admission(workers=1)

    with contextlib.ExitStack() as stack:
        fill(pool, 100, 4, stack)
        before = pool.pressed
        fill(pool, 100, 3, stack)
        during = pool.pressed
    with contextlib.ExitStack() as stack:
        fill(pool, 100, 3, stack)
        still = pool.pressed

    assert (before, during, still, pool.pressed) == (False, True, True, False)


def test_what_a_kind_of_work_really_takes_is_learned() -> None:
    costs = Costs()
    asked = plan("rs:fit:400:400/f:avif")
    first = costs.predict(asked, 4 * MB)

    for _ in range(60):
        costs.learn(costs.predict(asked, 4 * MB), first.ms * 5)

    assert costs.predict(asked, 4 * MB).ms == pytest.approx(first.ms * 5, rel=0.05)
    assert costs.predict(plan("rs:fit:400:400/f:jpg"), 4 * MB).ms < first.ms


def test_one_odd_picture_changes_little() -> None:
    costs = Costs()
    asked = plan("rs:fit:400:400/f:webp")
    before = costs.predict(asked, MB)

    costs.learn(before, before.ms * 1e6)

    assert costs.predict(asked, MB).ms < before.ms * 1.5


@pytest.mark.parametrize(
    ("dearer", "cheaper"),
    [
        ("w:1600/f:avif", "w:1600/f:webp"),
        ("w:1600/f:webp", "w:1600/f:jpg"),
        ("w:1600/f:webp", "w:200/f:webp"),
        ("w:400/bl:50/f:jpg", "w:400/f:jpg"),
    ],
)
def test_costs_are_foreseen_in_the_right_order(dearer: str, cheaper: str) -> None:
    costs = Costs()

    assert costs.predict(plan(dearer), 4 * MB).ms > costs.predict(plan(cheaper), 4 * MB).ms


def test_a_plan_that_cannot_be_foreseen_is_still_given_a_cost() -> None:
    assert Costs().predict(plan("c:100000:1/rs:fill:30000:1"), None).ms > 0
