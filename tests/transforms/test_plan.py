from __future__ import annotations

import pickle

from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.values import OPERATIONS, groups, plans
from transforms.canvas import Canvas
from transforms.dialects.imgproxy import Imgproxy
from transforms.formats import Format
from transforms.operation import Op
from transforms.operations.blur import Blur
from transforms.operations.orient import Orient
from transforms.operations.resize import Resize
from transforms.operations.watermark import Watermark
from transforms.output import Delivery, Identity, Output
from transforms.plan import Plan
from transforms.terms import read_canonical


def parsed(options: str, source: str = "local:///cat.jpg") -> Plan:
    return Imgproxy().parse(f"/{options}/plain/{source}".encode())


def read_plan(text: str) -> Plan:
    """The plan that a canonical text says, without what the text leaves out."""
    front, _, source = text.partition("source:")
    settings, pipelines = [], [list[Op]()]
    for part in filter(None, front.split("/")):
        if part == "-":
            pipelines.append([])
        elif isinstance(group := read_canonical(part), Op):
            pipelines[-1].append(group)
        else:
            settings.append(group)
    return Plan.made(source, pipelines, settings)


@given(plan=plans)
def test_the_canonical_text_says_all_that_shapes_the_result(plan: Plan) -> None:
    shaping = Plan(
        plan.source, plan.pipelines, tuple(one for one in plan.terms if one.shapes_result)
    )

    assert read_plan(plan.canonical()) == shaping


@given(one=plans, other=plans)
def test_plans_are_written_alike_only_if_their_results_are(one: Plan, other: Plan) -> None:
    alike = (one.source, one.pipelines, [term for term in one.terms if term.shapes_result]) == (
        other.source,
        other.pipelines,
        [term for term in other.terms if term.shapes_result],
    )

    assert (one.canonical() == other.canonical()) is alike


def test_no_text_can_pass_for_something_else() -> None:
    texts = ["x", "x/source:y", "x)/blur(sigma=1.0", "x,y=z", "source:x", "x/-/y", "%2F", "/", "x%"]
    plans = [
        *(Plan.made(text, [], []) for text in texts),
        *(Plan.made("x", [], [Identity(cachebuster=text)]) for text in texts),
        *(Plan.made("x", [[Watermark(opacity=1, source=text)]], []) for text in texts),
        Plan.made("x", [[Blur(sigma=1)]], []),
        Plan.made("x", [[Blur(sigma=1)], [Blur(sigma=1)]], []),
    ]

    assert len({plan.canonical() for plan in plans}) == len(set(plans)) == len(plans)


@given(plan=plans)
def test_plans_cross_the_border_of_a_process(plan: Plan) -> None:
    again = pickle.loads(pickle.dumps(plan))

    assert again == plan
    assert hash(again) == hash(plan)
    assert again.canonical() == plan.canonical()


@given(
    operations=st.lists(groups(OPERATIONS), max_size=6, unique_by=lambda op: op.name),
    data=st.data(),
)
def test_the_order_of_operations_in_a_url_does_not_matter(
    operations: list[Op], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(operations))

    assert Plan.made("x", [operations], []) == Plan.made("x", [list(shuffled)], [])


def test_what_says_nothing_of_pixels_is_not_part_of_the_identity() -> None:
    plan = parsed("w:100/fn:holiday/att:1/exp:4000000000")

    assert plan.canonical() == parsed("w:100").canonical()
    assert plan.of(Delivery) == Delivery("holiday", attachment=True, expires=4_000_000_000)


def test_the_cachebuster_makes_another_result() -> None:
    assert parsed("cb:v1").canonical() == "identity(cachebuster=v1)/source:local:///cat.jpg"


def test_settings_that_were_not_given_are_the_defaults() -> None:
    assert parsed("w:100").output == Output()
    assert parsed("w:100/q:50").output == Output(quality=50)


def test_having_other_settings_leaves_the_rest_alone() -> None:
    plan = parsed("w:100/q:50/cb:v1")

    other = plan.having(Output(quality=60))

    assert other == parsed("w:100/q:60/cb:v1")
    assert plan.having(Output()) == parsed("w:100/cb:v1")


def test_a_plan_without_a_format_is_offered_what_the_client_accepts() -> None:
    offered = (Format.AVIF, Format.WEBP)

    assert parsed("w:100").offering(offered).output.offers == offered
    assert parsed("w:100/f:png").offering(offered) == parsed("w:100/f:png")
    assert parsed("raw:1").offering(offered) == parsed("raw:1")


def test_the_order_of_what_is_offered_matters() -> None:
    plan = parsed("w:100")

    one = plan.offering((Format.AVIF, Format.WEBP))
    other = plan.offering((Format.WEBP, Format.AVIF))

    assert one.canonical() != other.canonical()


def test_assets_are_named_once_and_only_if_they_are_used() -> None:
    mark, other = "wm:0.5/wmu:bG9jYWw6Ly8vYQ", "wm:0.5/wmu:bG9jYWw6Ly8vYg"

    assert parsed(f"{mark}/-/{other}/-/{mark}").assets == ("local:///a", "local:///b")
    assert parsed("wm:0/wmu:bG9jYWw6Ly8vYQ").assets == ()


def test_pipelines_that_change_nothing_are_left_out() -> None:
    assert parsed("w:100/-/-/blur:0/-/h:50/-") == parsed("w:100/-/h:50")
    assert parsed("-/w:100") == parsed("w:100")


def test_only_the_first_pipeline_meets_a_picture_that_lies_on_its_side() -> None:
    assert parsed("w:100/-/ar:0") == parsed("w:100")
    assert parsed("-/ar:0/w:100") == parsed("w:100")
    assert parsed("ar:0/-/w:100").pipelines[0] == (Orient(auto=False),)


def test_turns_that_lead_back_change_nothing() -> None:
    assert parsed("rot:360") == parsed("rot:180/fl:1:1") == parsed("rot:0")


def test_a_crop_takes_the_gravity_of_the_resize_unless_it_has_its_own() -> None:
    assert parsed("c:50:50/g:no").canonical() == parsed("c:50:50:no").canonical()
    assert parsed("c:50:50:ce/g:no").canonical() == parsed("c:50:50").canonical()


def test_costs_grow_with_the_picture_and_the_work() -> None:
    canvas, larger = Canvas(1000, 1000), Canvas(4000, 4000)
    plan, more = parsed("w:500"), parsed("w:500/blur:5")

    assert 0 < plan.cost(canvas) < plan.cost(larger)
    assert plan.cost(canvas) < more.cost(canvas)
    assert parsed("q:50").cost(canvas) == 0


def test_numbers_that_are_equal_are_written_alike() -> None:
    assert Resize(zoom_x=2).canonical() == Resize(zoom_x=2.0).canonical()
    assert parsed("g:no:-0:0/w:10").canonical() == parsed("g:no/w:10").canonical()
