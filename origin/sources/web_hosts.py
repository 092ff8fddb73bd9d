"""The hosts that web sources may name: the grammar of SAFELIGHT_HTTP_ALLOW.

    img.example.com         this host
    *.example.com           every name below example.com, not example.com itself
    *                       every host with a public address
    img.example.com:8443    only this port; without one, 80 for http and 443 for https

Hosts are compared in one spelling: ASCII (IDNA), lower case, no dot at the end, addresses as they
are written canonically. `0x7f.1`, `2130706433` and `127.1` are no spellings of 127.0.0.1 here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Self

import idna

DEFAULT_PORTS = {"http": 80, "https": 443}

_NETLOC = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([0-9]{1,5}))?")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
# What some resolvers would read as an address: WHATWG's "ends in a number".
_NUMERIC = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_MAX_NAME = 253


@dataclass(frozen=True, slots=True)
class HostRule:
    """One entry of the list. `below`: the names below `host`, or every host if it is empty."""

    host: str
    below: bool
    port: int | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """`ValueError` if it is no entry."""
        name, port = split_netloc(text)
        if name == "*":
            return cls("", True, port)
        below = name.startswith("*.")
        return cls(plain_host(name.removeprefix("*.")), below, port)

    def admits(self, scheme: str, host: str, port: int) -> bool:
        """Whether it covers a host in the one spelling."""
        if port != (self.port or DEFAULT_PORTS[scheme]):
            return False
        if self.below:
            return not self.host or host.endswith(f".{self.host}")
        return host == self.host


def check_hosts(hosts: tuple[str, ...], *, private: bool = False) -> tuple[HostRule, ...]:
    """The entries, read; `ValueError` names the one that is none."""
    rules = tuple(_checked(text) for text in hosts)
    if private and any(rule.below and not rule.host for rule in rules):
        raise ValueError(
            "SAFELIGHT_HTTP_ALLOW: expected hosts by name, got *, which together with "
            "SAFELIGHT_HTTP_ALLOW_PRIVATE would open the whole private network"
        )
    return rules


def split_netloc(text: str) -> tuple[str, int | None]:
    """Host and port as they are written; `ValueError` for anything else, `user@` included."""
    parts = _NETLOC.fullmatch(text)
    if parts is None or (parts[2] and not 0 < int(parts[2]) < 1 << 16):
        raise ValueError(f"expected host or host:port, got {text!a}")
    return parts[1], int(parts[2]) if parts[2] else None


def plain_host(text: str) -> str:
    """The one spelling of a host, addresses without brackets; `ValueError` if it is none."""
    if text.startswith("["):
        return _plain_address(text)
    name = text if text.isascii() else idna.encode(text, uts46=True).decode()
    name = name.lower().removesuffix(".")
    if _NUMERIC.fullmatch(name):
        return str(IPv4Address(name))
    if len(name) > _MAX_NAME or _NAME.fullmatch(name) is None:
        raise ValueError(f"expected a host name, got {text!a}")
    return name


def _plain_address(text: str) -> str:
    address = IPv6Address(text[1:-1])
    if address.scope_id is not None:
        raise ValueError(f"expected an address without a zone, got {text!a}")
    return str(address)


def _checked(text: str) -> HostRule:
    try:
        return HostRule.parse(text)
    except ValueError as exc:
        raise ValueError(
            "SAFELIGHT_HTTP_ALLOW: expected hosts such as img.example.com, *.example.com, "
            f"img.example.com:8443 or *, got {text!r}: {exc}"
        ) from exc
