"""What a URL is understood as, by its bytes and the rules alone: no source and no tier is asked.

A URL that is refused is explained as far as it can be read: a wrong signature may hide a wrong
option, and whoever mends the first wants to know of the second.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from cache.key import source_name
from origin.asked import Asked, ask
from origin.explain.format import explain_format
from origin.explain.options import expanded, idle, laddered, spelled
from origin.explain.refusals import Facts, noting
from origin.explain.signature import explain_signature
from origin.images import limited, refuse_expired
from origin.negotiation import offered_formats
from origin.policy import Policies
from origin.rules import Rules
from origin.sources.reference import Reference
from transforms.dialects.imgproxy import NAME
from transforms.engine import identity
from transforms.formats import Format
from transforms.output import Delivery
from transforms.plan import Plan

_KEPT: Final = "%/:@!$&'()*+,;=-._~?#"
_URL: Final = re.compile(rb"(?:https?://[^/?#]*)?([^?#]*)(\?[^#]*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reading:
    """asked: None if it cannot be read. refusals: grow with what is found out later."""

    facts: Facts
    refusals: list[Facts]
    asked: Asked | None


def as_sent(url: str) -> bytes:
    """The bytes that a client sends for what a person typed."""
    return quote(url, safe=_KEPT, errors="surrogateescape").encode()


def read_url(url: str, *, accept: str | None, rules: Rules, now: float) -> Reading:
    """A whole URL or the path of one. Takes milliseconds, a hundred if its signature is wrong."""
    sent = as_sent(url)
    found = _URL.match(sent)
    path, query = found.groups(b"") if found else (sent, b"")
    refusals: list[Facts] = []
    with noting(refusals):
        limited(path)
        limited(sent[len(path) :])  # what stands around it
    if refusals:
        return Reading({"path": path[:200].decode()}, refusals, None)
    signature, rest = explain_signature(sent, path, rules.scheme, refusals)
    facts: Facts = {"path": rest.decode(), "signature": signature, "dialect": NAME}
    if query:
        facts["ignored"] = [query.decode()]
    plan: Plan | None = None
    with noting(refusals):
        plan = rules.dialect.parse(rest)
        refuse_expired(plan, now=now)
    if plan is None:
        return Reading(facts, refusals, None)
    facts |= {
        **expanded(plan, rules.dialect),
        "options": spelled(plan),
        "idle": idle(rest, plan, rules.dialect),
        **laddered(rest, plan, rules.dialect),
    }
    if (expires := plan.of(Delivery).expires) > 0:
        facts["expires"] = expires
    offers = tuple(map(Format, offered_formats(accept, rules.auto_formats)))
    plan = plan.offering(offers)
    facts["format"] = explain_format(plan, accept, rules.auto_formats)
    asked: Asked | None = None
    with noting(refusals):
        asked = ask(plan, rules.policies)
        facts |= _asked(asked, rules.policies)
    return Reading(facts, refusals, asked)


def _asked(asked: Asked, policies: Policies) -> Facts:
    reference = Reference.parse(asked.plan.source)
    facts: Facts = {
        "source": {
            "reference": asked.plan.source,
            "scheme": reference.scheme,
            "bucket": reference.bucket,
            "key": reference.key,
        },
        "policy": _policy(asked, policies),
        "tags": list(asked.tags),
        "canonical": asked.canonical,
        # The rest of the key depends on the source's version.
        "filed_under": source_name(asked.plan.source),
        "engine": identity(),
    }
    return facts | ({"assets": list(asked.plan.assets)} if asked.plan.assets else {})


def _policy(asked: Asked, policies: Policies) -> Facts:
    """Which rules hold, by their number in the file, and what they come to."""
    plan, policy = asked.plan, asked.policy
    numbers = [
        number
        for number, rule in enumerate(policies.rules, 1)
        if rule.matches(plan.source, plan.presets)
    ]
    settings: Facts = {
        "results": None if policy.results is None else sorted(policy.results),
        "ttl": policy.ttl,
        "keep": policy.keep,
        "tags": list(policy.tags) or None,
        "source_cache_control": policy.source_cache_control,
        "min_ttl": policy.min_ttl,
        "max_ttl": policy.max_ttl,
    }
    settings = {name: value for name, value in settings.items() if value is not None}
    return {"rules": numbers, **settings}
