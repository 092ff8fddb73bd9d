"""What is known of a picture at one point of its plan, before any pixel exists."""

from __future__ import annotations

from dataclasses import dataclass, replace

from transforms.turn import UPRIGHT, Turn


@dataclass(frozen=True, slots=True)
class Canvas:
    """Sizes in pixels, as the picture will be seen (turned upright), per frame.

    turn:    what still has to be done to the stored pixels to see them so.
    scale:   device pixel ratio that was reached; multiplies offsets and paddings.
    squeeze: further shrink that a limit on the result imposes on the next resize.
    target:  size that was asked for; `ratio_target`: grown to its ratio; 0 = free.
    """

    width: int
    height: int
    frames: int = 1
    vector: bool = False
    turn: Turn = UPRIGHT
    scale: float = 1.0
    squeeze: float = 1.0
    target: tuple[int, int] = (0, 0)
    ratio_target: tuple[int, int] = (0, 0)
    downscaled: bool = False

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def stored(self) -> tuple[int, int]:
        """The size of the pixels as they are stored, before `turn`."""
        return self.turn.swap(self.width, self.height)

    @property
    def megapixels(self) -> float:
        """Of all frames."""
        return self.width * self.height * self.frames / 1e6

    def afresh(self) -> Canvas:
        """The same for a pipeline that starts here: it aims at nothing yet."""
        return replace(self, scale=1.0, target=(0, 0), ratio_target=(0, 0), downscaled=False)

    def sized(self, width: int, height: int) -> Canvas:
        return replace(self, width=width, height=height)
