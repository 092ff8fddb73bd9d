"""Who takes too slowly, and what is held for them."""

from __future__ import annotations

from origin.unsent import Unsent


class Taker:
    def __init__(self, left: int = 1000) -> None:
        self.left = left

    def untaken(self) -> int:
        return self.left


def unsent(max_bytes: int = 10**6) -> Unsent[Taker]:
    return Unsent(max_bytes=max_bytes, floor=100, seconds=2)


def test_the_floor_is_an_average_over_a_while() -> None:
    answers, taker = unsent(), Taker()
    answers.add(taker, b"x" * 1000, 10.0)

    assert answers.remove_slow(11.9) == []
    taker.left = 799
    assert answers.remove_slow(12.0) == []
    assert answers.remove_slow(13.9) == []
    taker.left = 600
    assert answers.remove_slow(14.0) == [taker]
    assert (len(answers), answers.bytes) == (0, 0)


def test_a_body_counts_once_for_all_and_until_the_last_has_taken_it() -> None:
    answers, takers, body = unsent(), [Taker(), Taker()], b"x" * 1000
    for taker in takers:
        answers.add(taker, body, 0.0)
    answers.add(other := Taker(), b"y" * 500, 0.0)

    assert answers.bytes == 1500
    answers.remove(takers[0])
    assert answers.bytes == 1500
    answers.remove(takers[1])
    assert answers.bytes == 500
    answers.remove(other)
    answers.remove(other)
    assert answers.bytes == 0


def test_the_slowest_go_first_and_no_more_than_must() -> None:
    answers = unsent(max_bytes=2500)
    fast, stalled, new = Taker(200_000), Taker(200_000), Taker(200_000)
    answers.add(stalled, b"a" * 1000, 0.0)
    answers.add(fast, b"b" * 1000, 0.0)
    fast.left = 1000
    answers.add(new, b"c" * 1000, 1.9)

    assert answers.remove_excess(1.9) == [stalled]
    assert answers.bytes == 2000
    assert answers.remove_excess(1.9) == []
