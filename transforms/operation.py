"""What an operation is: its words, what size it makes, what it costs, what it does to pixels.

Adding one touches one file of `transforms/operations/`; see Blur there for the shortest.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import ClassVar, TypeVar, dataclass_transform

import pyvips

from transforms.canvas import Canvas
from transforms.picture import Picture
from transforms.terms import Spelling, Terms, terms


class Stage(IntEnum):
    """When an operation runs. A plan sorts by stage, so the order in a URL does not matter."""

    ORIENT = 0
    TRIM = 1
    CROP = 2
    RESIZE = 3
    # From here on the picture is upright and in its working colour space.
    UNSHARP = 10
    BLUR = 11
    SHARPEN = 12
    PIXELATE = 13
    MONOCHROME = 14
    DUOTONE = 15
    ADJUST = 16
    COLORIZE = 17
    GRADIENT = 18
    EXTEND = 20
    EXTEND_RATIO = 21
    PADDING = 22
    FLATTEN = 30
    OVERLAY = 31


class Op(Terms):
    """One step of a plan. Subclasses override what they change."""

    __slots__ = ()

    stage: ClassVar[Stage]

    def size(self, canvas: Canvas) -> Canvas:
        """What the canvas is afterwards."""
        return canvas

    def cost(self, canvas: Canvas) -> float:
        """Predicted CPU milliseconds for a canvas of this size."""
        return 0.0

    def apply(self, picture: Picture) -> Picture:
        """The picture afterwards, its canvas equal to what `size` predicted."""
        return picture.map(self.paint)

    def paint(self, frame: pyvips.Image) -> pyvips.Image:
        """The same for one frame, for operations that treat every frame alike."""
        return frame

    def chained(self) -> Op:
        """The same step where it runs on the result of another pipeline."""
        return self

    @property
    def assets(self) -> tuple[str, ...]:
        """Other pictures that this needs, as source references."""
        return ()


T = TypeVar("T", bound=Op)


@dataclass_transform(frozen_default=True)
def operation(name: str, stage: Stage, *spellings: Spelling) -> Callable[[type[T]], type[T]]:
    """Makes a class a frozen operation and registers its words."""

    def register(cls: type[T]) -> type[T]:
        made = terms(name, *spellings)(cls)
        made.stage = stage
        return made

    return register
