"""Hypothesis strategies for every group of settings, made from the types of its fields.

A new group is covered without being named here; only a new *type* of field needs a line.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

import transforms.dialects.imgproxy  # noqa: F401  (fills the registry)
from transforms.colour import Colour
from transforms.errors import PlanError
from transforms.formats import Format, Qualities
from transforms.grammar import Multiple, OneOf, Range, Without
from transforms.gravity import COMPASS, Gravity
from transforms.operation import Op
from transforms.plan import Plan
from transforms.terms import TERMS, Terms

bytes_of_colour = st.integers(0, 255)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["a/b", "a,b=c", "f(x)", "source:x", "/-/", "100%", "%2F", "ä", "a:b", "None", "\n", ""]
)
offsets = st.floats(-1e6, 1e6)


def bounds_of(notes: tuple[object, ...]) -> Range:
    return next((note for note in notes if isinstance(note, Range)), Range(0, 1e6))


def _whole(notes: tuple[object, ...]) -> st.SearchStrategy[int]:
    by = next((note.of for note in notes if isinstance(note, Multiple)), 1)
    bounds = bounds_of(notes)
    low, high = math.ceil(bounds.low / by), math.floor(bounds.high / by)
    return st.integers(low, high).map(lambda value: value * by)


def _number(notes: tuple[object, ...]) -> st.SearchStrategy[float]:
    bounds = bounds_of(notes)
    numbers = st.floats(bounds.low, bounds.high, exclude_min=bounds.above)
    return numbers | st.integers(math.ceil(bounds.low + bounds.above), int(bounds.high))


def _gravities(notes: tuple[object, ...]) -> st.SearchStrategy[Gravity]:
    unwanted = {note.word for note in notes if isinstance(note, Without)}
    compass = st.builds(Gravity, st.sampled_from(COMPASS), offsets, offsets)
    focal = st.builds(Gravity, st.just("fp"), st.floats(0, 1), st.floats(0, 1))
    return st.one_of(compass, focal, st.just(Gravity("sm"))).filter(
        lambda gravity: gravity.kind not in unwanted
    )


qualities = st.lists(st.tuples(st.sampled_from(Format), st.integers(0, 100)), max_size=5).map(
    lambda entries: Qualities(tuple(entries))
)
OF_TYPE: dict[Any, Callable[[tuple[object, ...]], st.SearchStrategy[Any]]] = {
    bool: lambda notes: st.booleans(),
    int: _whole,
    float: _number,
    str: lambda notes: texts,
    Colour: lambda notes: st.builds(Colour, bytes_of_colour, bytes_of_colour, bytes_of_colour),
    Gravity: _gravities,
    Qualities: lambda notes: qualities,
}


def values(annotation: Any) -> st.SearchStrategy[Any]:
    """Values that a field with this annotation may hold."""
    notes: tuple[object, ...] = ()
    if get_origin(annotation) is Annotated:
        annotation, *rest = get_args(annotation)
        notes = tuple(rest)
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [one for one in get_args(annotation) if one is not types.NoneType]
        return st.none() | values(Annotated[inner[0], *notes] if notes else inner[0])
    choice = next((note.words for note in notes if isinstance(note, OneOf)), None)
    if choice:
        return st.sampled_from(choice)
    if get_origin(annotation) in (tuple, frozenset):
        items = st.lists(values(get_args(annotation)[0]), max_size=4)
        return items.map(get_origin(annotation))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return st.sampled_from(annotation)
    return OF_TYPE[annotation](notes)


def fields_of(group: type[Terms]) -> dict[str, Any]:
    hints = get_type_hints(group, include_extras=True)
    return {name: hints[name] for name in group.grammar}


@st.composite
def groups(draw: st.DrawFn, kinds: tuple[type[Terms], ...]) -> Terms:
    """One of these kinds with any settings that its constructor takes."""
    kind = draw(st.sampled_from(kinds))
    fields = {
        name: draw(st.just(kind.grammar[name].default) | values(annotation))
        for name, annotation in fields_of(kind).items()
    }
    try:
        return kind(**fields)
    except PlanError:
        # Two fields that do not go together.
        return kind()


ALL = tuple(TERMS.values())
OPERATIONS = tuple(kind for kind in ALL if issubclass(kind, Op))
SETTINGS = tuple(kind for kind in ALL if not issubclass(kind, Op))

any_group = groups(ALL)
pipelines = st.lists(
    st.lists(groups(OPERATIONS), max_size=4, unique_by=lambda op: op.name), max_size=3
)
plans = st.builds(
    Plan.made,
    texts.filter(bool),
    pipelines,
    st.lists(groups(SETTINGS), max_size=3, unique_by=lambda one: one.name),
)
