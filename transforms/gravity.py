"""Where one box sits in another: compass points, a focal point, or what draws the eye.

The rules are imgproxy's (spec section 9): centres round half up to even, offsets below one are
fractions of the outer box, and a box never leaves the outer one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from transforms.numbers import read_number, within
from transforms.turn import Turn

_SIDES = {
    "ce": (0, 0),
    "no": (0, -1),
    "so": (0, 1),
    "ea": (1, 0),
    "we": (-1, 0),
    "noea": (1, -1),
    "nowe": (-1, -1),
    "soea": (1, 1),
    "sowe": (-1, 1),
}
_NAMES = {sides: name for name, sides in _SIDES.items()}
COMPASS = tuple(_SIDES)
FOCAL = "fp"
SMART = "sm"
_FARTHEST = 1e6


def even(value: float) -> int:
    """Rounds half to even, as imgproxy does for positions."""
    return round(value)


@dataclass(frozen=True, slots=True)
class Gravity:
    """A compass point with offsets, `fp` with a focal point in 0..1, or `sm` (smart).

    ValueError for anything else.
    """

    kind: str = "ce"
    x: float = 0.0
    y: float = 0.0

    expects: ClassVar[str] = f"{', '.join(COMPASS)}, sm, or fp with two numbers in 0..1"
    most_words: ClassVar[int] = 3
    adds_up: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.kind not in (*COMPASS, FOCAL, SMART):
            raise ValueError(f"no place is called {self.kind!r}")
        low, high = (0.0, 1.0) if self.kind == FOCAL else (-_FARTHEST, _FARTHEST)
        object.__setattr__(self, "x", within(self.x, low, high))
        object.__setattr__(self, "y", within(self.y, low, high))
        if self.kind == SMART and (self.x or self.y):
            raise ValueError("sm takes no offsets")

    @classmethod
    def read_words(cls, words: Sequence[str]) -> Gravity:
        """Reads `type[:x[:y]]`; raises ValueError with a reason in plain words."""
        kind, *offsets = words
        if kind not in (*COMPASS, FOCAL, SMART):
            raise ValueError
        if kind == SMART and offsets:
            raise ValueError("sm takes no offsets")
        if kind == FOCAL and len(offsets) != 2:
            raise ValueError("fp needs exactly two numbers")
        return cls(kind, *(read_number(word) if word else 0.0 for word in offsets))

    def __str__(self) -> str:
        if self.kind == FOCAL or self.x or self.y:
            return f"{self.kind}:{self.x!r}:{self.y!r}"
        return self.kind

    @property
    def smart(self) -> bool:
        return self.kind == SMART

    def before(self, turn: Turn) -> Gravity:
        """The same place, said of the picture as it was before this turn."""
        a, b, c, d = turn.matrix
        if self.kind == SMART:
            return self
        if self.kind == FOCAL:
            # Fractions turn about the centre.
            x, y = self.x - 0.5, self.y - 0.5
            return Gravity(FOCAL, a * x + c * y + 0.5, b * x + d * y + 0.5)
        side_x, side_y = _SIDES[self.kind]
        # Offsets point inwards from an edge: take them as displacements while turning.
        move_x = -self.x if side_x > 0 else self.x
        move_y = -self.y if side_y > 0 else self.y
        side = (a * side_x + c * side_y, b * side_x + d * side_y)
        x, y = a * move_x + c * move_y, b * move_x + d * move_y
        return Gravity(_NAMES[side], -x if side[0] > 0 else x, -y if side[1] > 0 else y)

    def place(
        self, inner: tuple[int, int], outer: tuple[int, int], *, scale: float = 1.0
    ) -> tuple[int, int]:
        """Left and top of the inner box; absolute offsets are multiplied by `scale`."""
        left, top = self.place_freely(inner, outer, scale=scale)
        return _clamp(left, 0, outer[0] - inner[0]), _clamp(top, 0, outer[1] - inner[1])

    def place_freely(
        self, inner: tuple[int, int], outer: tuple[int, int], *, scale: float = 1.0
    ) -> tuple[int, int]:
        """As `place`, but the inner box may hang over the edge or be larger."""
        (width, height), (outer_width, outer_height) = inner, outer
        if self.kind == FOCAL:
            return (
                even(outer_width * self.x) - int(width / 2),
                even(outer_height * self.y) - int(height / 2),
            )
        side_x, side_y = _SIDES.get(self.kind, (0, 0))
        return (
            _along(side_x, width, outer_width, _offset(self.x, outer_width, scale)),
            _along(side_y, height, outer_height, _offset(self.y, outer_height, scale)),
        )


def _along(side: int, inner: int, outer: int, offset: int) -> int:
    if side < 0:
        return offset
    if side > 0:
        return outer - inner - offset
    return even((outer - inner + 1) / 2) + offset


def _offset(value: float, outer: int, scale: float) -> int:
    return even(value * scale) if abs(value) >= 1 else even(outer * value)


def _clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, max(low, high)))
