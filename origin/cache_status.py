"""What the tiers did with a request, as the field Cache-Status tells it (RFC 9211).

    from Redis    safelight-redis; hit; ttl=31, safelight-memory; fwd=miss; stored
    rendered      safelight-disk; fwd=uri-miss; stored, safelight-memory; fwd=uri-miss; stored
    no tiers      safelight; fwd=uri-miss

Tiers are given in the order in which they were asked, nearest to the client first; the field has
the nearest to the origin first. The parameter `key` is never sent: keys tell which sources exist.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Self

MAX_SECONDS: Final = 10**15 - 1  # RFC 9651 section 3.3.1
MAX_DETAIL: Final = 128
_NOT_PRINTABLE: Final = re.compile(r"[^ -~]")

Reason = Literal["miss", "uri-miss", "stale", "bypass"]


@dataclass(frozen=True, slots=True)
class Hit:
    """The tier had it. ttl: seconds of freshness that were left, negative if it was stale."""

    ttl: int | None = None
    detail: str = ""

    @property
    def parameters(self) -> str:
        return f"; hit{_ttl(self.ttl)}{_detail(self.detail)}"


@dataclass(frozen=True, slots=True)
class Forward:
    """The tier could not answer, and why.

    stored: it has the result now. collapsed: the request waited for another one's result.
    """

    reason: Reason = "uri-miss"
    stored: bool = False
    collapsed: bool = False
    ttl: int | None = None
    detail: str = ""

    @property
    def parameters(self) -> str:
        stored = "; stored" if self.stored else ""
        collapsed = "; collapsed" if self.collapsed else ""
        return f"; fwd={self.reason}{stored}{collapsed}{_ttl(self.ttl)}{_detail(self.detail)}"


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """tiers: name (`memory`) and outcome, in the order in which they were asked."""

    tiers: tuple[tuple[str, Hit | Forward], ...] = ()

    @classmethod
    def of_hit(cls, tier: str, missed: Sequence[str], *, ttl: int | None = None) -> Self:
        """missed: those that were asked before; they get a copy."""
        return cls((*((name, Forward("miss", stored=True)) for name in missed), (tier, Hit(ttl))))

    @classmethod
    def of_miss(
        cls, missed: Sequence[str], stored: Collection[str] = (), *, collapsed: bool = False
    ) -> Self:
        """No tier had it. stored: those to which the result goes."""
        names = missed or ("",)
        return cls(
            tuple((name, Forward(stored=name in stored, collapsed=collapsed)) for name in names)
        )

    @property
    def field(self) -> str:
        members = reversed(self.tiers or (("", Forward()),))
        return ", ".join(f"{_member(name)}{outcome.parameters}" for name, outcome in members)


def _member(tier: str) -> str:
    return f"safelight-{tier}" if tier else "safelight"


def _ttl(seconds: int | None) -> str:
    if seconds is None:
        return ""
    return f"; ttl={max(-MAX_SECONDS, min(seconds, MAX_SECONDS))}"


def _detail(text: str) -> str:
    """A String of Structured Fields is printable ASCII; anything else would void the field."""
    if not text:
        return ""
    ascii_text = _NOT_PRINTABLE.sub("?", text[:MAX_DETAIL])
    escaped = ascii_text.replace("\\", "\\\\").replace('"', '\\"')
    return f'; detail="{escaped}"'
