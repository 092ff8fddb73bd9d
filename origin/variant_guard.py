"""How many different results one source can be made into, whatever is asked for.

**Ladder** (SAFELIGHT_WIDTHS): sizes go up to the next step, before anything else is known of a
request, so that widths which hardly differ are one result.

- What counts is the width in device pixels: the device pixel ratio and an even zoom are multiplied
  in, and are 1 then. Only where paddings or offsets go by the ratio it stays, and the width becomes
  what the ratio makes a step of.
- Without a width it is the height that goes up; with both, the height keeps the ratio of the two.
- The largest step is the most for either side: what is larger becomes smaller.
- `min-width` and `min-height` go up in the same way. Crops are places in the source, and stay.

**Budget** (SAFELIGHT_MAX_VARIANTS): as many results of a source are begun in a day (UTC) by this
node, formats included. Those that are kept anywhere go on being served, and those of a changed
source are not new ones.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from cachetools import LRUCache

from origin.errors import TooManyVariants
from transforms.dialects.imgproxy import Dialect
from transforms.geometry import nearest
from transforms.gravity import FOCAL, Gravity
from transforms.operations.padding import Padding
from transforms.operations.resize import Resize
from transforms.operations.watermark import Watermark
from transforms.plan import Pipeline, Plan

SETTING = "SAFELIGHT_MAX_VARIANTS"
MAX_VARIANTS = 10_000
_DAY = 86_400
# As far as sizes go in URLs.
_LONGEST = 1_000_000
# Of all sources together: some 20 MB.
_MOST_HASHES = 200_000
_OVERHEAD = 10  # of a source, in hashes


@dataclass(frozen=True, slots=True)
class Laddered:
    """A dialect whose plans have none but the sizes of the ladder."""

    dialect: Dialect
    ladder: tuple[int, ...]

    def parse(self, path: bytes) -> Plan:
        return snapped(self.dialect.parse(path), self.ladder)


def snapped(plan: Plan, ladder: Sequence[int]) -> Plan:
    """The same plan with the sizes of the ladder, which ascends; the same one if it is empty."""
    if not ladder:
        return plan
    return replace(plan, pipelines=tuple(_snapped(ops, ladder) for ops in plan.pipelines))


def _snapped(ops: Pipeline, ladder: Sequence[int]) -> Pipeline:
    fold = not any(map(_goes_by_ratio, ops))
    return tuple(_resized(op, ladder, fold=fold) if isinstance(op, Resize) else op for op in ops)


def _resized(resize: Resize, ladder: Sequence[int], *, fold: bool) -> Resize:
    if not any((resize.width, resize.height, resize.min_width, resize.min_height)):
        return resize
    even = resize.zoom_x == resize.zoom_y
    zoom = resize.zoom_x if even else 1.0
    by, dpr = resize.dpr, 1.0 if fold else resize.dpr
    width, height = _box(resize.width * zoom * by, resize.height * zoom * by, ladder)
    min_width, min_height = _box(resize.min_width * by, resize.min_height * by, ladder)
    return replace(
        resize,
        width=_over(width, dpr),
        height=_over(height, dpr),
        min_width=_over(min_width, dpr),
        min_height=_over(min_height, dpr),
        zoom_x=1.0 if even else resize.zoom_x,
        zoom_y=1.0 if even else resize.zoom_y,
        dpr=dpr,
    )


def _box(width: float, height: float, ladder: Sequence[int]) -> tuple[int, int]:
    """Zero is free, and stays."""
    if not width:
        return 0, _step(height, ladder) if height else 0
    step = _step(width, ladder)
    if not height:
        return step, 0
    other = max(1, nearest(height * step / width))
    if other > ladder[-1]:
        return max(1, nearest(width * ladder[-1] / height)), ladder[-1]
    return step, other


def _step(length: float, ladder: Sequence[int]) -> int:
    # In whole pixels first: three tenths of a thousand are no more than 300.
    pixels = nearest(length)
    return next((step for step in ladder if step >= pixels), ladder[-1])


def _over(length: int, dpr: float) -> int:
    return min(_LONGEST, max(1, nearest(length / dpr))) if length else 0


def _goes_by_ratio(op: object) -> bool:
    """Whether anything but the size is multiplied by the device pixel ratio."""
    if isinstance(op, Padding):
        return True
    if isinstance(op, Watermark):
        return bool(op.x or op.y)
    gravity = getattr(op, "gravity", None) if getattr(op, "name", "") != "crop" else None
    return isinstance(gravity, Gravity) and gravity.kind != FOCAL and bool(gravity.x or gravity.y)


@dataclass(slots=True)
class _Begun:
    """What was begun of one source on a day."""

    day: int
    hashes: set[int] = field(default_factory=set)


class VariantBudget:
    """Of one node. Sources of which nothing was begun for longest are forgotten first.

    most: of one source in a day, up to MAX_VARIANTS; 0 for any number. May be set at any time.
    """

    def __init__(
        self, most: int, *, max_hashes: int = _MOST_HASHES, clock: Callable[[], float] = time.time
    ) -> None:
        self.most = most
        self._clock = clock
        self._sources: LRUCache[int, _Begun] = LRUCache(
            max_hashes, getsizeof=lambda begun: _OVERHEAD + len(begun.hashes)
        )

    def spend(self, source: str, variant: str) -> None:
        """Something is going to be made of the source; TooManyVariants if it is one too many."""
        if not self.most:
            return
        day, name, hashed = int(self._clock() // _DAY), _hash(source), _hash(variant)
        begun = self._sources.get(name)
        if begun is None or begun.day != day:
            begun = _Begun(day)
        if hashed in begun.hashes:
            return
        if len(begun.hashes) >= self.most:
            raise TooManyVariants(
                f"expected at most {self.most} different results of one source in a day"
                f" ({SETTING}), got another one"
            )
        begun.hashes.add(hashed)
        # Put again as it weighs more now.
        self._sources[name] = begun


def _hash(text: str) -> int:
    digest = blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")
