"""In which format a URL is answered, and why."""

from __future__ import annotations

from typing import Final

from origin.explain.refusals import Facts
from origin.negotiation import offered_formats
from transforms.plan import Plan

# What Chrome sends for <img>; Firefox's has the same two in it.
BROWSER: Final = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"


def explain_format(plan: Plan, accept: str | None, auto: tuple[str, ...]) -> Facts:
    """plan: with the formats on offer. format: None where the source decides."""
    output = plan.output
    if output.raw:
        return {"format": None, "why": "raw: the source goes out as it is", "negotiated": False}
    if output.format is not None:
        return {"format": str(output.format), "why": "the URL names it", "negotiated": False}
    named = offered_formats(accept, auto)
    facts: Facts = {
        "accept": accept,
        "automatic": {name: "named" if name in named else "not named" for name in auto},
        "negotiated": True,
    }
    if named:
        others = f" ({', '.join(named[1:])} if not)" if named[1:] else ""
        why = f"the client names it in Accept; if it can hold the picture{others}"
        return {"format": named[0], "why": why, **facts}
    why = (
        "the client names none of them, and image/* and */* do not count" if auto else "none is on"
    )
    return {
        "format": None,
        "why": f"the source's own, or one that every browser reads: {why} (SAFELIGHT_AUTO_FORMATS)",
        **facts,
    }
