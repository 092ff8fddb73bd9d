"""Undo what proxies and browsers do to a URL between its signer and us.

The signature is computed over the repaired text, as imgproxy does it:

- before the source, an escaped colon (`%3A`, `%3a`) becomes `:` again; in a URL without `/plain/`
  that is the whole text
- after `/plain/`, a scheme whose two slashes were merged gets them back: `s3:/b/k` becomes
  `s3://b/k`, `local:/k` becomes `local:///k`

So a client must sign the plain colon, never `%3A`: a text signed as `rs%3Afit` does not verify,
neither as `rs%3Afit` nor as `rs:fit`. Only a scheme at the very start of the source is repaired
(imgproxy looks further, and damages a correct source that has `:/x` later on).
"""

from __future__ import annotations

import re

_ESCAPED_COLON = re.compile(rb"%3[Aa]")
_MERGED_SLASHES = re.compile(rb"\A([A-Za-z][A-Za-z0-9+.-]*):/(?=[^/])")


def repair(rest: bytes) -> bytes:
    """`rest`, with its leading slash, as its signer wrote it. Repairing twice changes nothing."""
    options, plain, source = rest.partition(b"/plain/")
    return _ESCAPED_COLON.sub(b":", options) + plain + _MERGED_SLASHES.sub(_with_slashes, source)


def _with_slashes(match: re.Match[bytes]) -> bytes:
    scheme: bytes = match[1]
    return scheme + (b":///" if scheme == b"local" else b"://")
