"""Make keys, sign URLs and explain refused ones.

Results go to stdout, one per line, to be used in scripts; everything said to a person to stderr.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Annotated
from urllib.parse import quote

import typer
from dotenv import dotenv_values

from origin.setting_places import FOLDERS, present_folders, texts
from signing.diagnosis import Diagnosis, Finding, diagnose
from signing.errors import KeyConfigError
from signing.expiry import expires
from signing.imgproxy import MAX_SIZE, MIN_SIZE, ImgproxyScheme
from signing.keys import KEYS, SALTS, KeyPair, parse_pairs

DEMO_KEYS = Path(".safelight/keys.env")
_LISTS = (KEYS, SALTS)
_KEY_BYTES = 32
_URL_CHARACTERS = "%/:@!$&'()*+,;=-._~"

KeysFile = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help=f"File with the lines {KEYS}=… and {SALTS}=…, in place of the environment.",
    ),
]


def keygen(
    *,
    add: Annotated[
        bool, typer.Option("--add", help="Put the new pair before the present ones, to rotate.")
    ] = False,
    keys_file: KeysFile = None,
) -> None:
    """Make a key and a salt.

    Prints two lines for a shell or an environment file. With --add the lists hold the new pair
    first, which signs from then on, and the present pairs behind it, which still verify.
    """
    keys, salts = [token_hex(_KEY_BYTES)], [token_hex(_KEY_BYTES)]
    if add:
        present = _pairs(keys_file)
        keys += [pair.key.hex() for pair in present]
        salts += [pair.salt.hex() for pair in present]
        _say(
            "The first pair is new. Give these lists to every server before anything signs with "
            "it, and drop the last pair when no page holds a URL signed with it any more."
        )
    typer.echo(f"export {KEYS}={','.join(keys)}")
    typer.echo(f"export {SALTS}={','.join(salts)}")


def sign(
    path: Annotated[
        str, typer.Argument(help="What comes after the signature: /rs:fit:300:300/plain/…")
    ],
    *,
    url: Annotated[
        str, typer.Option(help="https://host to put in front, so that a whole URL is printed.")
    ] = "",
    size: Annotated[
        int, typer.Option(min=MIN_SIZE, max=MAX_SIZE, help="Bytes of the signature.")
    ] = MAX_SIZE,
    keys_file: KeysFile = None,
) -> None:
    """Sign a path with the first pair.

    Prints the signed path, as it must be sent: characters that a URL cannot hold are escaped.
    """
    if len(path) < 2 or not path.startswith("/"):
        raise typer.BadParameter(f"expected a path that begins with a slash, got {path!r}")
    if stray := next((character for character in "?#" if character in path), None):
        raise typer.BadParameter(
            f"{stray!r} ends a URL's path: write one that belongs to the source as "
            f"{quote(stray)}, and leave out a query"
        )
    signed = ImgproxyScheme(_pairs(keys_file), size).sign(_as_sent(path))
    typer.echo(url.rstrip("/") + signed.decode())


def verify(
    url: Annotated[str, typer.Argument(help="A whole URL or the path of one.")],
    *,
    keys_file: KeysFile = None,
) -> None:
    """Check a signed URL and say what is wrong with it.

    The exit code is 0 for a URL that the server accepts and 1 for any other.
    """
    pairs = _pairs(keys_file)
    diagnosis = diagnose(_as_sent(url), pairs)
    lines, fine = _verdict(diagnosis, pairs, now=time.time())
    typer.echo("\n".join(lines))
    if not fine:
        raise typer.Exit(1)


def _verdict(
    diagnosis: Diagnosis, pairs: tuple[KeyPair, ...], *, now: float
) -> tuple[list[str], bool]:
    """What to print, and whether the server accepts the URL at the Unix time `now`."""
    if diagnosis.finding is not Finding.FINE:
        first = f"Refused: signature {diagnosis.finding}: {diagnosis.detail}"
        return [first, *(f"- {hint}" for hint in diagnosis.hints)], False
    signed = [
        f"Signed text: {diagnosis.rest.decode()}",
        f"Signed with: pair [{diagnosis.pair}] of {len(pairs)} in {KEYS} and {SALTS}",
    ]
    try:
        end = expires(diagnosis.rest)
    except ValueError as error:
        return [f"Refused: expiry malformed: {error}", *signed], False
    if end is None:
        return ["The signature is right.", *signed, "Expires: never"], True
    if end < now:
        return [f"Refused: expired: the URL ended at {_moment(end)}", *signed], False
    return ["The signature is right.", *signed, f"Expires: {_moment(end)}"], True


def _pairs(keys_file: Path | None) -> tuple[KeyPair, ...]:
    values = _settings(keys_file)
    return parse_pairs(values.get(KEYS) or "", values.get(SALTS) or "")


def _settings(keys_file: Path | None) -> Mapping[str, str | None]:
    """From the file named, else from where the server has them, else the demo server's file."""
    if keys_file is not None:
        return _read(keys_file)
    if present := _mounted() | {name: os.environ[name] for name in _LISTS if os.environ.get(name)}:
        return present
    if DEMO_KEYS.is_file():
        _say(f"Using the keys in {DEMO_KEYS}.")
        return _read(DEMO_KEYS)
    raise KeyConfigError(
        f"There are no keys. Make a pair with `safelight keygen`, then set {KEYS} and {SALTS} "
        "to what it prints, or keep its lines in a file and name that with --keys-file."
    )


def _read(path: Path) -> Mapping[str, str | None]:
    try:
        return dotenv_values(path, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise KeyConfigError(f"{path}: expected lines of text, got {error}") from error


def _mounted() -> dict[str, str]:
    try:
        return texts(_LISTS, present_folders())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyConfigError(f"{FOLDERS}: expected files of text, got {error}") from error


def _as_sent(url: str) -> bytes:
    """The bytes that a client sends for what a person typed."""
    return quote(url, safe=_URL_CHARACTERS + "?#", errors="surrogateescape").encode()


def _moment(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(sep=" ")
    except (OverflowError, OSError, ValueError):
        return f"second {seconds}, too far away for a calendar"


def _say(message: str) -> None:
    typer.secho(message, err=True, fg="yellow")
