"""Tags by which a CDN forgets answers: one of the source, then those of the policies.

    Surrogate-Key: s-1f2e3d4c5b6a7988 shop     Fastly, and Varnish with xkey set up for it
    Cache-Tag: s-1f2e3d4c5b6a7988,shop         Cloudflare, Google, Bunny
    xkey: s-1f2e3d4c5b6a7988 shop              Varnish

Only those of the fields are sent that are enabled.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from cache.key import source_name

MAX_TAGS: Final = 32
SEPARATORS: Final[Mapping[str, str]] = MappingProxyType(
    {"surrogate-key": " ", "cache-tag": ",", "xkey": " "}
)
"""The fields that there are, in lower case, and what stands between two tags."""

_TAG: Final = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
_SOURCE_DIGITS: Final = 16


def is_tag(text: str) -> bool:
    """Whether every CDN takes the text as one tag."""
    return _TAG.fullmatch(text) is not None


def source_tag(source: str) -> str:
    """The tag that all results of the source have in common."""
    return f"s-{source_name(source)[:_SOURCE_DIGITS]}"


def tags_of(source: str, extra: Sequence[str]) -> tuple[str, ...]:
    """The source's tag and the configured ones, each once; what is beyond MAX_TAGS is left out."""
    return tuple(dict.fromkeys((source_tag(source), *extra)))[:MAX_TAGS]


def tag_headers(tags: Sequence[str], enabled: Sequence[str]) -> dict[str, str]:
    """The enabled fields, which are names of SEPARATORS; none without tags."""
    return {name: SEPARATORS[name].join(tags) for name in enabled} if tags else {}
