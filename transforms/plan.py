"""A source and what to do to it: what every dialect's URLs come to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeVar

from transforms.canvas import Canvas
from transforms.formats import Format
from transforms.operation import Op
from transforms.output import Output
from transforms.terms import TERMS, Terms

T = TypeVar("T", bound=Terms)
Pipeline = tuple[Op, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Hashable; two plans are equal if their results are.

    source:    reference to the picture (`local:///cat.jpg`).
    pipelines: each runs on the result of the one before; operations are sorted by stage.
    terms:     settings of the output, the codecs, the delivery; sorted, none of them idle.
    presets:   by what names the URL asked for some of that; the result is the same without.
    """

    source: str
    pipelines: tuple[Pipeline, ...] = ()
    terms: tuple[Terms, ...] = ()
    presets: frozenset[str] = field(default=frozenset(), compare=False)

    @classmethod
    def made(
        cls,
        source: str,
        pipelines: list[list[Op]],
        settings: list[Terms],
        presets: frozenset[str] = frozenset(),
    ) -> Plan:
        """Drops what changes nothing and sorts the rest."""
        first, *others = pipelines or [[]]
        kept = [_sorted(ops) for ops in (first, *([op.chained() for op in ops] for ops in others))]
        return cls(
            source,
            tuple(ops for ops in kept if ops),
            tuple(sorted((one for one in settings if not one.idle), key=lambda one: one.name)),
            presets,
        )

    def of(self, kind: type[T]) -> T:
        """This plan's settings of a kind, or their defaults."""
        default: T = _default(kind.name)
        return next((one for one in self.terms if isinstance(one, kind)), default)

    def having(self, settings: Terms) -> Plan:
        """The same plan with these settings in place of those of their kind."""
        others = [one for one in self.terms if one.name != settings.name]
        kept = sorted(
            (one for one in (*others, settings) if not one.idle), key=lambda one: one.name
        )
        return replace(self, terms=tuple(kept))

    @property
    def output(self) -> Output:
        return self.of(Output)

    @property
    def negotiable(self) -> bool:
        """True if the answer may depend on what formats the client accepts."""
        return self.output.format is None and not self.output.raw

    def offering(self, formats: tuple[Format, ...]) -> Plan:
        """The same plan for a client that accepts these, best first."""
        return self.having(replace(self.output, offers=formats)) if self.negotiable else self

    @property
    def assets(self) -> tuple[str, ...]:
        """References to the other pictures that the operations need, each once."""
        found = (asset for ops in self.pipelines for op in ops for asset in op.assets)
        return tuple(dict.fromkeys(found))

    def canonical(self) -> str:
        """The same text for the same result; it names the source, not the source's version."""
        steps = "/-/".join("/".join(op.canonical() for op in ops) for ops in self.pipelines)
        shaping = [one.canonical() for one in self.terms if one.shapes_result]
        return "/".join(part for part in (*shaping, steps, f"source:{self.source}") if part)

    def size(self, canvas: Canvas) -> Canvas:
        """The canvas that the operations make of this one."""
        for ops in self.pipelines:
            canvas = size_after(ops, canvas)
        return canvas

    def cost(self, canvas: Canvas) -> float:
        """Predicted CPU milliseconds of the operations (decoding and encoding come on top)."""
        total = 0.0
        for ops in self.pipelines:
            canvas = canvas.afresh()
            for op in ops:
                total += op.cost(canvas)
                canvas = op.size(canvas)
        return total


def size_after(ops: Pipeline, canvas: Canvas) -> Canvas:
    """The canvas that a pipeline makes of this one."""
    canvas = canvas.afresh()
    for op in ops:
        canvas = op.size(canvas)
    return canvas


def _sorted(ops: Iterable[Op]) -> Pipeline:
    return tuple(sorted((op for op in ops if not op.idle), key=lambda op: (op.stage, op.name)))


@cache
def _default(name: str) -> Any:
    return TERMS[name]()
