"""Preconditions: may this answer be a 304, must it be a 412 (RFC 9110 section 13).

    precondition_failed   If-Match, else If-Unmodified-Since   -> 412   ; asked first (13.2.2)
    not_modified          If-None-Match, else If-Modified-Since -> 304

`headers` is read with lower-case names (Starlette's `Headers` takes any). A date or an entity tag
that breaks the grammar is as good as absent: the worst that follows is a full answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

MAX_CHARACTERS: Final = 4096

# A tag may hold commas, so the list is not split at them; what is no tag is skipped to the next.
_ENTITY_TAGS: Final = re.compile(
    r'[ \t]*+(?P<tag>(?:W/)?"[!#-~\x80-\xff]*+")[ \t]*+(?:,|\Z)|[^,]*+(?:,|\Z)'
)

_MONTHS: Final = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTH: Final = rf"(?P<month>{_MONTHS})"
_DAY: Final = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_LONG_DAY: Final = "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day"
_TIME: Final = "(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-5][0-9]|60)"
_DATE_FORMATS: Final = (  # IMF-fixdate, RFC 850, asctime
    re.compile(rf"{_DAY}, (?P<day>[0-9]{{2}}) {_MONTH} (?P<year>[0-9]{{4}}) {_TIME} GMT"),
    re.compile(rf"{_LONG_DAY}, (?P<day>[0-9]{{2}})-{_MONTH}-(?P<year>[0-9]{{2}}) {_TIME} GMT"),
    re.compile(rf"{_DAY} {_MONTH} (?P<day>[ 0-9][0-9]) {_TIME} (?P<year>[0-9]{{4}})"),
)


def not_modified(headers: Mapping[str, str], *, etag: str, last_modified: float | None) -> bool:
    """Whether a GET or HEAD is answered with 304: the client's copy is the current one.

    If-Modified-Since counts only where If-None-Match is absent, even if the latter is junk
    (13.1.3): a client that knows our tags must never be judged by a coarser clock.
    """
    if_none_match = headers.get("if-none-match")
    if if_none_match is not None:
        return etag_matches(if_none_match, etag)
    since = parse_http_date(headers.get("if-modified-since", ""))
    return _is_unchanged(last_modified, since) is True


def precondition_failed(
    headers: Mapping[str, str], *, etag: str, last_modified: float | None
) -> bool:
    """Whether the request is answered with 412: it is meant for another version than ours."""
    if_match = headers.get("if-match")
    if if_match is not None:
        return not etag_matches_strongly(if_match, etag)
    since = parse_http_date(headers.get("if-unmodified-since", ""))
    return _is_unchanged(last_modified, since) is False


def etag_matches(if_none_match: str, etag: str) -> bool:
    """Weak comparison (8.8.3.2): a cache that compressed our answer has put W/ before the tag."""
    if if_none_match.strip(" \t") == "*":
        return True
    opaque = etag.removeprefix("W/")
    return any(tag.removeprefix("W/") == opaque for tag in _entity_tags(if_none_match))


def etag_matches_strongly(if_match: str, etag: str) -> bool:
    """Strong comparison (8.8.3.2): equal, and neither of the two is weak."""
    if if_match.strip(" \t") == "*":
        return True
    return not etag.startswith("W/") and etag in _entity_tags(if_match)


def parse_http_date(text: str) -> int | None:
    """Seconds since the epoch, from any of the three formats of RFC 9110 section 5.6.7.

    The section reads years of two digits within 50 years of the clock. A fixed pivot at the epoch
    needs no clock and differs only for years that no picture on the web can have.
    """
    text = text.strip(" \t")
    for date_format in _DATE_FORMATS:
        if match := date_format.fullmatch(text):
            return _seconds(match)
    return None


def _seconds(match: re.Match[str]) -> int | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        year += 1900 if year >= 70 else 2000
    month = _MONTHS.split("|").index(match["month"]) + 1
    hour, minute = int(match["hour"]), int(match["minute"])
    try:
        start = datetime(year, month, int(match["day"]), hour, minute, tzinfo=UTC)
    except ValueError:  # 31 February, 25 o'clock, the year 0
        return None
    return int(start.timestamp()) + int(match["second"])  # a leap second is second 60


def _is_unchanged(last_modified: float | None, since: int | None) -> bool | None:
    """None if the two cannot be compared. HTTP has whole seconds, file systems have parts."""
    if last_modified is None or since is None:
        return None
    return last_modified < since + 1


def _entity_tags(field: str) -> Iterator[str]:
    for match in _ENTITY_TAGS.finditer(field[:MAX_CHARACTERS]):
        if match["tag"] is not None:
            yield match["tag"]
