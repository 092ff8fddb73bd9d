"""A plan spelled out: what each group of options came to, what was left at its default, and which
options of the URL did nothing.
"""

from __future__ import annotations

from dataclasses import MISSING
from typing import Final

from origin.explain.refusals import Facts
from origin.variant_guard import Laddered
from transforms.dialects.imgproxy import NEXT_PIPELINE, Dialect, Imgproxy
from transforms.errors import PlanError
from transforms.plan import Plan
from transforms.terms import Terms

# Each is left out once: a URL is read as often as it has options.
_MOST_TRIED: Final = 64


def spelled(plan: Plan) -> list[Facts]:
    """Operations in the order in which they run, then the settings of the result."""
    steps = [
        {"pipeline": number, **_group(op)}
        for number, ops in enumerate(plan.pipelines, 1)
        for op in ops
    ]
    # How it is encoded is worth saying even if the URL says nothing of it.
    own = plan.terms if plan.output in plan.terms else (plan.output, *plan.terms)
    return steps + [_group(one) for one in own]


def _group(terms: Terms) -> Facts:
    given: dict[str, str] = {}
    defaults: dict[str, str] = {}
    for field in terms.grammar.values():
        value = getattr(terms, field.name)
        place = defaults if field.default is not MISSING and value == field.default else given
        place[field.name] = field.kind.write(value) if value is not None else "none"
    return {"name": terms.name, "set": given, "default": defaults}


def idle(rest: bytes, plan: Plan, dialect: Dialect) -> list[str]:
    """Options without which the plan would be the same: unset again, said twice, or defaults."""
    segments = rest[1:].split(b"/")
    found = []
    for at, segment in enumerate(segments[:_MOST_TRIED]):
        if segment == NEXT_PIPELINE.encode():
            continue
        if b":" not in segment:
            break
        try:
            other = dialect.parse(b"/" + b"/".join(segments[:at] + segments[at + 1 :]))
        except PlanError:
            continue
        if (other, other.presets) == (plan, plan.presets):
            found.append(segment.decode(errors="replace"))
    return found


def expanded(plan: Plan, dialect: Dialect) -> Facts:
    """The presets that the URL names, and what every URL begins with."""
    inner = dialect.dialect if isinstance(dialect, Laddered) else dialect
    if not isinstance(inner, Imgproxy):
        return {}
    presets = {name: inner.presets[name] for name in sorted(plan.presets)}
    return {"presets": presets} | ({"base": inner.base} if inner.base else {})


def laddered(rest: bytes, plan: Plan, dialect: Dialect) -> Facts:
    """What the URL asked for, if the server has other sizes; empty if it has these."""
    if not isinstance(dialect, Laddered):
        return {}
    asked = dialect.dialect.parse(rest)
    if asked == plan:
        return {}
    return {"ladder": {"widths": list(dialect.ladder), "asked": asked.canonical()}}
