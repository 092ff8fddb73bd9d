"""The texts that may have been signed in place of the right one."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote, unquote_to_bytes

from signing.mistakes import Guess
from signing.repair import repair


def texts(rest: bytes, origin: bytes, query: bytes) -> Iterator[Guess[bytes]]:
    """The texts that may have been signed in place of the repaired rest.

    `origin` is `https://host` and `query` begins with `?`; both are empty if unknown.
    """
    right = repair(rest)
    yield Guess(right)
    if rest != right:
        yield _guess(
            rest,
            "The signed text has an escaped colon (%3A) or a scheme with a single slash: sign "
            "plain ':' and 'scheme://'; proxies may escape and merge them, the server undoes it.",
        )
    yield _guess(
        right[1:], "The leading slash is missing in the signed text: sign salt + '/' + the rest."
    )
    if origin:
        hint = "The host was included in the signed text: sign the path alone."
        _, _, host = origin.partition(b"://")
        yield from (_guess(front + right + query, hint) for front in (origin, host))
        yield from (_guess(front + right, hint) for front in (origin, host) if query)
    if query:
        yield _guess(
            right + query,
            "The query string was included in the signed text: sign the path up to the '?' only, "
            "and write a '?' that belongs to the source as %3F.",
        )
    yield _guess(
        right + b"\n",
        "A line end was included in the signed text: in a shell use printf '%s' in place of echo.",
    )
    yield from _escapings(right)


def _escapings(right: bytes) -> Iterator[Guess[bytes]]:
    decoded = unquote_to_bytes(right)
    if decoded != right:
        yield _guess(
            decoded,
            "The URL was percent-encoded once more after signing (double encoding): sign it "
            "exactly as it is sent."
            if b"%25" in right
            else "The decoded path was signed: sign it percent-encoded, exactly as it is sent.",
        )
    yield _guess(
        right.replace(b"%", b"%25"),
        "The signed text was percent-encoded twice (%25…), the URL once: sign it exactly as sent.",
    )
    options, plain, source = right.partition(b"/plain/")
    # What is left alone by, in this order: encodeURIComponent, rawurlencode and Python's quote with
    # and without '/', encodeURI, and a proxy's habit of decoding brackets.
    for safe in ("!~*'()", "", "/", "/:", ";/?:@&=+$,#!~*'()", "%;/?:@&=+$,#!~*'", "%;/?@&=+$,#"):
        escaped = quote(source, safe=safe + ("@" if b"@" in source[-6:] else "")).encode()
        yield _guess(
            options + plain + escaped,
            "The signed text was percent-encoded more than the URL is: something between the "
            "signer and the server decodes it, or the URL was put together from the decoded form.",
        )


def _guess(text: bytes, hint: str) -> Guess[bytes]:
    return Guess(text, (hint,))
