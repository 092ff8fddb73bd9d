"""One answer, taken only if it is what was asked for."""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException

from loadtests.compare.case import Case
from loadtests.compare.peers import Peer

_SECONDS = 120


class CannotDo(Exception):
    """A server answers something else, or not at all."""


def answer(peer: Peer, case: Case, picture: str, nonce: str = "") -> bytes:
    """The picture's bytes; CannotDo unless they come with 200 and the right content type."""
    connection = HTTPConnection("127.0.0.1", peer.port, timeout=_SECONDS)
    try:
        connection.request("GET", peer.url(case, picture, nonce))
        response = connection.getresponse()
        body = response.read()
    except (OSError, HTTPException) as problem:
        raise CannotDo(f"no answer: {problem!r}") from problem
    finally:
        connection.close()
    if response.status != 200:
        raise CannotDo(f"status {response.status}")
    media = response.headers.get_content_type()
    if media != f"image/{case.format}":
        raise CannotDo(f"expected image/{case.format}, got {media}")
    return body
