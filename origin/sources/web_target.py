"""What a web reference asks for, in the one spelling that is checked, sent and compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, unquote, urldefrag, urljoin

from origin.sources.errors import SourceNotAllowed, SourceReferenceError, SourceUnavailable
from origin.sources.reference import Reference
from origin.sources.web_hosts import DEFAULT_PORTS, plain_host, split_netloc

MAX_TARGET_BYTES = 8192

# RFC 3986: what a path or query may hold as it is. Everything else is escaped, `#` too.
_KEPT = "/?:@!$&'()*+,;=-._~%"
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Target:
    """host: in its one spelling. path: with the query, as it stands in the request line."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a full reference; SourceReferenceError says what is wrong with it."""
        reference = Reference.parse(text)
        scheme = reference.scheme
        if scheme not in DEFAULT_PORTS:
            raise SourceNotAllowed(f"expected http or https, got {scheme} in {text!a}")
        if "@" in reference.bucket:
            raise SourceReferenceError("expected a URL without user and password, got one with '@'")
        try:
            name, port = split_netloc(reference.bucket)
            host = plain_host(name)
        except ValueError as exc:
            raise SourceReferenceError(f"{exc} in {text!a}") from exc
        return cls(scheme, host, port or DEFAULT_PORTS[scheme], _path(reference.key, text))

    def follow(self, location: str) -> Target:
        """Where a redirect leads; a fragment stays with the client, as in any browser."""
        try:
            target = Target.parse(urldefrag(urljoin(str(self), location)).url)
        # The client's URL is not to blame, nor need the client read the server's.
        except (SourceReferenceError, ValueError) as exc:
            raise SourceUnavailable(
                f"{self}: expected a redirect to a usable URL, got {location[:200]!a}: {exc}"
            ) from exc
        if (self.scheme, target.scheme) == ("https", "http"):
            raise SourceNotAllowed(f"{self}: expected a redirect to https, got {target}")
        return target

    @property
    def netloc(self) -> str:
        """What stands in the Host field."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.netloc}{self.path}"


def _path(key: str, text: str) -> str:
    if not key:
        raise SourceReferenceError(f"expected a path behind the host, got {text!a}")
    # Cleaned by some servers and not by others, and so two spellings of one source.
    for segment in unquote(key.partition("?")[0]).split("/"):
        if segment in (".", ".."):
            raise SourceReferenceError(
                f"expected no '.' or '..' segments, got {segment!r} in {text!a}"
            )
    path = "/" + quote(_LONE_PERCENT.sub("%25", key), safe=_KEPT)
    if len(path) > MAX_TARGET_BYTES:
        raise SourceReferenceError(
            f"expected at most {MAX_TARGET_BYTES} bytes of path and query, got {len(path)}"
        )
    return path
