"""Ask a server's admin port, and say in plain words why it did not work.

AdminError
├── AdminGone      no answer, half an answer, or a server in trouble: worth another try
└── AdminRefused   the server does not take this request: trying again is of no use
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Final

import httpx
import typer

SETTING: Final = "SAFELIGHT_ADMIN_PORT"
_DEFAULT_PORT: Final = 8081
_MOST_BYTES: Final = 2**20  # of an answer, and of a line of a stream
# A picture at the lowest priority waits for all others.
_TIMEOUT: Final = httpx.Timeout(300, connect=5, write=30, pool=5)

Admin = Annotated[
    str | None,
    typer.Option(
        "--admin",
        metavar="URL",
        help=f"Admin port of the server; http://127.0.0.1:${SETTING} (or {_DEFAULT_PORT}) "
        "if not given.",
    ),
]


class AdminError(Exception):
    """The admin port did not do what it was asked."""


class AdminGone(AdminError):
    """Worth another try."""


class AdminRefused(AdminError):
    """Not worth another try."""


@contextmanager
def open_admin(given: str | None) -> Iterator[AdminPort]:
    """For the server that `--admin` names, or the environment; typer.BadParameter."""
    url = admin_url(given)
    with httpx.Client(base_url=url, timeout=_TIMEOUT, trust_env=False) as client:
        yield AdminPort(client)


def admin_url(given: str | None) -> httpx.URL:
    """typer.BadParameter if that is no URL, or the environment switches the port off."""
    if given is None:
        return httpx.URL(f"http://127.0.0.1:{_port(os.environ.get(SETTING) or '')}")
    expected = f"--admin: expected a URL like http://127.0.0.1:{_DEFAULT_PORT}, got {given!r}"
    try:
        url = httpx.URL(given)
    except httpx.InvalidURL as error:
        raise typer.BadParameter(f"{expected}: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise typer.BadParameter(expected)
    return url


class AdminPort:
    """One server's admin port."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self.url = str(client.base_url.copy_with(userinfo=b"")).rstrip("/")

    def check(self) -> None:
        """AdminError unless something answers there."""
        with self._send("GET", "/livez"):
            pass

    def ask(self, path: str, content: dict[str, Any]) -> dict[str, Any]:
        """The object that is answered."""
        with self._send("POST", path, content) as response:
            answer = _object(_whole(response))
        if answer is None:
            raise self._not_ours(path)
        return answer

    def stream(self, path: str, content: dict[str, Any]) -> Generator[dict[str, Any], None, None]:
        """The objects that are answered, a line each, as they come."""
        with self._send("POST", path, content) as response:
            for line in _lines(response):
                answer = _object(line)
                if answer is None:
                    raise self._not_ours(path)
                yield answer

    @contextmanager
    def _send(
        self, method: str, path: str, content: dict[str, Any] | None = None
    ) -> Iterator[httpx.Response]:
        try:
            with self._client.stream(method, path, json=content) as response:
                if response.status_code != 200:
                    raise self._refusal(response, path)
                yield response
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise AdminGone(
                f"Nothing answers at {self.url} ({_reason(error)}).\n"
                f"Is `safelight serve` running there, and is this its admin port? That is "
                f"{SETTING}, {_DEFAULT_PORT} unless set; 0 switches it off, and the demo has none "
                "unless it is set.\n"
                "Start the server, or name its admin port with --admin http://HOST:PORT."
            ) from None
        except httpx.RequestError as error:
            raise AdminGone(
                f"{self.url}{path} broke off ({_reason(error)}). "
                "If that comes again, the server's log says why."
            ) from None

    def _refusal(self, response: httpx.Response, path: str) -> AdminError:
        status = response.status_code
        said = (_object(_whole(response)) or {}).get("error")
        detail = f": {printable(said)}" if isinstance(said, str) else ""
        if status >= 500:
            return AdminGone(f"{self.url}{path} answered {status}{detail}")
        if status in (404, 405) or not detail:
            return AdminRefused(
                f"{self.url}{path} answered {status}{detail}.\n"
                f"Is that the admin port ({SETTING}), not the one for images, of a server that is "
                "as new as this command?"
            )
        return AdminRefused(f"The server refused it{detail}")

    def _not_ours(self, path: str) -> AdminRefused:
        return AdminRefused(
            f"{self.url}{path} answered what is not for this command. "
            f"Is that the admin port ({SETTING}) of a server of the same version?"
        )


def printable(text: str) -> str:
    """Without what could steer a terminal."""
    return "".join(one if one.isprintable() else "\ufffd" for one in text)


def _port(text: str) -> int:
    if not text:
        return _DEFAULT_PORT
    port = int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 else -1
    if port == 0:
        raise typer.BadParameter(
            f"{SETTING}=0 switches the admin port off: set it to a port and start the server "
            "again, or name another server's with --admin http://HOST:PORT"
        )
    if not 0 < port < 65536:
        raise typer.BadParameter(f"{SETTING}: expected a port in 1..65535, got {text!r}")
    return port


def _whole(response: httpx.Response) -> bytes:
    """Cut where it is longer than any answer of ours."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            break
    return bytes(body)


def _lines(response: httpx.Response) -> Iterator[bytes]:
    """Each as soon as it is whole; one that is longer than any of ours ends them."""
    rest = b""
    for chunk in response.iter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(rest) > _MOST_BYTES:
            break
    if rest:
        yield rest


def _object(text: bytes) -> dict[str, Any] | None:
    """None for what is no JSON object."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _reason(error: Exception) -> str:
    return printable(str(error)) or type(error).__name__
