"""What a client can read, by its `Accept` field (RFC 9110 section 12.5.1).

    Accept      = [ element *( "," element ) ]
    element     = type "/" subtype *( ";" [ name "=" ( token / quoted-string ) ] )
    q           = "0" [ "." 0*3DIGIT ] / "1" [ "." 0*3"0" ]        ; the weight, 1 if absent

Where the RFC leaves a choice, the one is taken that can only lead to a JPEG too many:

- An element that breaks the grammar (a weight of 1.5, of "0.5", or two of them) is ignored.
- A parameter other than q names a narrower type than the one we send, so it says nothing of ours.
- A type named twice has the lowest of its weights: a refusal holds wherever it stands, and a
  proxy that joins field lines in another order does not change the answer.
- An element cut by the length limit is dropped: half of `image/webp;q=0` must not be an offer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from types import MappingProxyType
from typing import Final

MAX_CHARACTERS: Final = 4096
MAX_ELEMENTS: Final = 64

# Every choice is settled by its first character, so no input makes these patterns go back far.
# Possessive quantifiers stand on single characters alone: Python before 3.11.5 gets others wrong.
_WORD: Final = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_QUOTED: Final = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_PARAMETER: Final = rf"({_WORD})=({_WORD}|{_QUOTED})"
_OWS: Final = r"[ \t]*+"

_ELEMENTS: Final = re.compile(r'(?:[^",]++|"[^"\\]*+(?:\\.[^"\\]*+)*"?)+', re.DOTALL)
_MEDIA_RANGE: Final = re.compile(
    rf"{_OWS}(?P<type>{_WORD}/{_WORD})(?P<parameters>(?:{_OWS};{_OWS}(?:{_PARAMETER})?)*){_OWS}",
    re.DOTALL,
)
_PARAMETERS: Final = re.compile(rf";{_OWS}{_PARAMETER}", re.DOTALL)
_QVALUE: Final = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


def offered_formats(accept: str | None, auto: tuple[str, ...]) -> tuple[str, ...]:
    """Those of our automatic formats that the client names, its favourites first.

    Ties keep the order of `auto`. `image/*` and `*/*` offer nothing: crawlers, mail programs and
    link previews send them and then fail to show AVIF, whereas a client that decodes a modern
    format names it. For the same reason a range cannot refuse what is named beside it.
    """
    weights = _weights(accept)
    offered = [name for name in auto if weights.get(f"image/{name}", 0) > 0]
    return tuple(sorted(offered, key=lambda name: -weights[f"image/{name}"]))


def wants_problem_json(accept: str | None) -> bool:
    """Whether an error is better told as RFC 9457 problem details than as plain text.

    Only a client that prefers JSON to text, to HTML and to anything gets it; `application/json`
    stands for the problem type unless that is named itself. A tie is a person with a browser.
    """
    weights = _weights(accept)
    json = weights.get("application/problem+json", weights.get("application/json", 0))
    return json > max(
        weights.get(other, 0) for other in ("text/plain", "text/html", "text/*", "*/*")
    )


def _weights(accept: str | None) -> Mapping[str, int]:
    field = accept or ""
    if len(field) > MAX_CHARACTERS:
        field = field[:MAX_CHARACTERS].rpartition(",")[0]
    return _read(field)


@lru_cache(maxsize=256)  # browsers send a handful of values; reading one costs more than a 304
def _read(field: str) -> Mapping[str, int]:
    """Media ranges in lower case with their weights in thousandths."""
    weights: dict[str, int] = {}
    for element in islice(_ELEMENTS.finditer(field), MAX_ELEMENTS):
        media_range = _MEDIA_RANGE.fullmatch(element[0])
        weight = None if media_range is None else _weight(media_range["parameters"])
        if media_range is not None and weight is not None:
            name = media_range["type"].lower()
            weights[name] = min(weight, weights.get(name, weight))
    return MappingProxyType(weights)


def _weight(parameters: str) -> int | None:
    """The weight in thousandths; None if malformed, or if the parameters narrow the type."""
    match _PARAMETERS.findall(parameters):
        case []:
            return 1000
        case [("q" | "Q", value)] if _QVALUE.fullmatch(value):
            return round(float(value) * 1000)
        case _:
            return None
