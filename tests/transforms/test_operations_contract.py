"""What holds for every operation, every codec's options and every group of outputs.

Nothing here names one: a new group is tested as soon as it exists.
"""

from __future__ import annotations

import math
import pickle
from dataclasses import FrozenInstanceError
from typing import Annotated, Any, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.values import ALL, OPERATIONS, any_group, bounds_of, fields_of, groups
from transforms.canvas import Canvas
from transforms.errors import PlanError, TransformError
from transforms.operation import Op
from transforms.plan import Plan
from transforms.terms import TERMS, Terms, lookup, read_canonical
from transforms.turn import Turn

each_group = pytest.mark.parametrize("group", ALL, ids=lambda group: group.name)
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)

NUMBERS = [
    (group, name, bounds_of(tuple(notes)), int if annotation is int else float)
    for group in ALL
    for name, annotated in fields_of(group).items()
    if get_origin(annotated) is Annotated
    for annotation, *notes in [get_args(annotated)]
    if annotation in (int, float, float | None)
]


@given(group=any_group)
def test_what_is_written_reads_back(group: Terms) -> None:
    assert read_canonical(group.canonical()) == group


@given(group=any_group)
def test_what_was_read_is_written_the_same(group: Terms) -> None:
    assert read_canonical(group.canonical()).canonical() == group.canonical()


@each_group
@settings(max_examples=40)
@given(data=st.data())
def test_two_are_equal_if_and_only_if_they_are_written_alike(
    group: type[Terms], data: st.DataObject
) -> None:
    one, other = data.draw(groups((group,))), data.draw(groups((group,)))

    assert (one == other) is (one.canonical() == other.canonical())
    assert one != other or hash(one) == hash(other)


@given(group=any_group)
def test_all_of_them_cross_the_border_of_a_process(group: Terms) -> None:
    again = pickle.loads(pickle.dumps(group))

    assert again == group
    assert again.canonical() == group.canonical()


@each_group
def test_without_settings_it_changes_nothing(group: type[Terms]) -> None:
    assert group().idle
    assert group().canonical() == f"{group.name}()"


@given(operation=groups(OPERATIONS))
def test_what_changes_nothing_leaves_no_trace_in_a_plan(operation: Op) -> None:
    plan = Plan.made("any", [[operation]], [])

    assert plan.pipelines == (() if operation.idle else ((operation,),))


@pytest.mark.parametrize(("group", "name", "bounds", "kind"), NUMBERS)
def test_constructors_hold_their_bounds(
    group: type[Terms], name: str, bounds: Any, kind: type
) -> None:
    below = kind(bounds.low) if bounds.above else math.ceil(bounds.low) - 1
    outside: list[Any] = [below, math.floor(bounds.high) + 1, 10**400, -(10**400)]
    outside += [math.nan, math.inf, -math.inf, "1", True, b"1", [1]]

    for value in outside:
        with pytest.raises(PlanError) as refused:
            group(**{name: value})
        assert name in str(refused.value)
        assert str(bounds) in str(refused.value)


@each_group
def test_constructors_hold_the_types_of_their_fields(group: type[Terms]) -> None:
    for name in group.grammar:
        with pytest.raises(PlanError, match=name):
            group(**{name: object()})


@each_group
def test_nothing_can_be_changed_afterwards(group: type[Terms]) -> None:
    made = group()

    for name in group.grammar:
        with pytest.raises(FrozenInstanceError):
            setattr(made, name, None)


@each_group
def test_its_words_lead_to_it_and_name_its_own_fields(group: type[Terms]) -> None:
    for spelling in group.spellings:
        for word in spelling.words:
            assert lookup(spelling.dialect, word) == (group, spelling)
        for path in spelling.fields:
            owner, _, field = path.rpartition(".")
            assert field in TERMS[owner or group.name].grammar
        assert spelling.fields, "what the documentation lists as its arguments"


@each_group
def test_fields_follow_fields_that_exist_and_hold_the_same(group: type[Terms]) -> None:
    for field in group.grammar.values():
        if field.follows:
            owner, _, name = field.follows.partition(".")
            assert TERMS[owner].grammar[name].default == field.default


canvases = st.builds(
    Canvas,
    width=st.integers(1, 20_000),
    height=st.integers(1, 20_000),
    frames=st.integers(1, 50),
    vector=st.booleans(),
    turn=st.builds(Turn, st.integers(0, 3), st.booleans()),
)


@each_operation
@settings(max_examples=60)
@given(data=st.data(), canvas=canvases)
def test_sizes_and_costs_can_be_predicted_for_any_picture(
    operation: type[Op], data: st.DataObject, canvas: Canvas
) -> None:
    made = data.draw(groups((operation,)))
    assert isinstance(made, Op)

    after = made.size(canvas)

    assert after.width >= 1
    assert after.height >= 1
    assert after.frames == canvas.frames
    assert 0 <= made.cost(canvas) < math.inf


@each_operation
@given(canvas=canvases)
def test_idle_operations_keep_the_picture_as_it_is_seen(
    operation: type[Op], canvas: Canvas
) -> None:
    assert operation().size(canvas) == canvas


@pytest.mark.parametrize(
    "text",
    [
        "",
        "blur",
        "blur(",
        "nope()",
        "blur(sigma=)",
        "blur(sigma=x)",
        "blur(sigma=1e9)",
        "blur(nope=1)",
        "blur(sigma)",
        "blur(sigma=1)x",
        "blur(sigma=(1))",
    ],
)
def test_what_is_not_canonical_is_refused(text: str) -> None:
    with pytest.raises(PlanError):
        read_canonical(text)


def kinds_of_errors(base: type[TransformError]) -> list[type[TransformError]]:
    return [base, *(one for child in base.__subclasses__() for one in kinds_of_errors(child))]


@pytest.mark.parametrize("error", kinds_of_errors(TransformError))
def test_errors_cross_the_border_of_a_process_whole(error: type[TransformError]) -> None:
    again = pickle.loads(pickle.dumps(error("blur: expected 0..100")))

    assert type(again) is error
    assert str(again) == "blur: expected 0..100"
