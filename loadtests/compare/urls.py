"""How each server is asked for the same picture. Nothing is signed: each has a mode for that.

`nonce` makes a result that nobody has asked for yet; only who keeps results needs to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from loadtests.compare.case import Case

Url = Callable[[Case, str, str], str]


def safelight_url(case: Case, picture: str, nonce: str) -> str:
    fresh = f"/cb:{nonce}" if nonce else ""
    ending = "jpg" if case.format == "jpeg" else case.format
    return f"/_/w:{case.width}/q:{case.quality}{fresh}/plain/local:///{quote(picture)}@{ending}"


def thumbor_url(case: Case, picture: str, nonce: str) -> str:
    filters = f"filters:format({case.format}):quality({case.quality})"
    return f"/unsafe/{case.width}x0/{filters}/{quote(picture)}"


def ipx_url(case: Case, picture: str, nonce: str) -> str:
    return f"/w_{case.width},f_{case.format},q_{case.quality}/{quote(picture)}"


def nginx_url(case: Case, picture: str, nonce: str) -> str:
    """The format cannot be said: it is the source's."""
    return f"/{quote(picture)}?w={case.width}&q={case.quality}"
