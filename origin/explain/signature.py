"""Whether a URL's signature is right, by which key, or what went wrong when it was made.

What the right one would be is never told: who may ask here need not be one who may sign.
"""

from __future__ import annotations

from origin.explain.refusals import Facts, noting
from signing.diagnosis import Finding, diagnose
from signing.errors import SignatureError
from signing.imgproxy import ImgproxyScheme
from signing.repair import repair
from signing.scheme import Scheme, split


def explain_signature(
    url: bytes, path: bytes, scheme: Scheme, refusals: list[Facts]
) -> tuple[Facts, bytes]:
    """And the rest of the path, which is worth reading even if nobody signed it."""
    with noting(refusals):
        scheme.verify(path)
    rest = _rest(path)
    if not isinstance(scheme, ImgproxyScheme):
        return {"state": "not checked"}, rest
    found = diagnose(url, scheme.pairs)
    if found.finding is Finding.FINE:
        return {"state": "valid", "pair": found.pair, "pairs": len(scheme.pairs)}, rest
    return {
        "state": str(found.finding),
        "pairs": len(scheme.pairs),
        "hints": list(found.hints),
    }, rest


def _rest(path: bytes) -> bytes:
    try:
        return repair(split(path)[1])
    except SignatureError:
        return repair(path)
