"""How a picture is turned and mirrored: the eight symmetries of a rectangle."""

from __future__ import annotations

from dataclasses import dataclass

_QUARTERS = {0: (1, 0, 0, 1), 1: (0, -1, 1, 0), 2: (-1, 0, 0, -1), 3: (0, 1, -1, 0)}

# EXIF tag 0x0112 -> (clockwise quarter turns, then mirrored left to right).
_EXIF = {
    1: (0, False),
    2: (0, True),
    3: (2, False),
    4: (2, True),
    5: (1, True),
    6: (1, False),
    7: (3, True),
    8: (3, False),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """First `quarters` clockwise quarter turns, then a mirroring left to right if `mirrored`."""

    quarters: int = 0
    mirrored: bool = False

    @classmethod
    def of_exif(cls, orientation: int) -> Turn:
        """What makes a picture with this EXIF orientation upright; unknown values: nothing."""
        return cls(*_EXIF.get(orientation, (0, False)))

    def then(self, other: Turn) -> Turn:
        """This turn followed by the other, as one."""
        # A mirroring reverses the sense of the turns that follow it.
        after = -other.quarters if self.mirrored else other.quarters
        return Turn((self.quarters + after) % 4, self.mirrored != other.mirrored)

    @property
    def swaps_axes(self) -> bool:
        return self.quarters % 2 == 1

    @property
    def matrix(self) -> tuple[int, int, int, int]:
        """(a, b, c, d): a displacement (x, y) of the source shows as (ax + by, cx + dy), y down."""
        a, b, c, d = _QUARTERS[self.quarters]
        return (-a, -b, c, d) if self.mirrored else (a, b, c, d)

    def swap(self, width: int, height: int) -> tuple[int, int]:
        return (height, width) if self.swaps_axes else (width, height)


UPRIGHT = Turn()
MIRROR_X = Turn(0, True)
MIRROR_Y = Turn(2, True)
