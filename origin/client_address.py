"""Who asks: the peer, or whom the proxies in front of this server say they speak for.

    X-Forwarded-For: <what the client made up>, <client>, <first proxy>       peer: the last proxy

Each proxy adds the address that it sees at the right, so the list is read from there: what a
trusted proxy says is believed, what anyone else says is not. Of the fields for this only this one
is read, as every proxy writes it and a client must not have a choice of several; a proxy that
writes nothing but `Forwarded` (RFC 7239) is taken for the client. So is the last trusted hop if
what it says is no address: `unknown`, a name, or nothing.

IPv6 clients have at least a /64 each, and count as one however many of its addresses they use.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Networks = tuple[Network, ...]

SETTING = "SAFELIGHT_TRUSTED_PROXIES"
# A peer that has none came by a Unix socket; all of those are one client.
_NOWHERE = IPv4Address(0)
_INTERFACE = (1 << 64) - 1
# RFC 6052: the whole of IPv4, where a network has no other way to reach a server of IPv6.
_TRANSLATED = IPv6Network("64:ff9b::/96")
# Some proxies add the port.
_WITH_PORT = re.compile(r"\[([^\]]*)\](?::\d*)?|(\d+\.\d+\.\d+\.\d+):\d*")


def read_networks(values: Iterable[str]) -> Networks:
    """ValueError names the setting and what is wrong with it."""
    networks = []
    for value in values:
        try:
            networks.append(ip_network(value))
        except ValueError as error:
            raise ValueError(
                f"{SETTING}: expected networks or addresses such as 10.0.0.0/8, got {value!r}:"
                f" {error}"
            ) from None
    return tuple(networks)


def client_address(scope: Mapping[str, Any], trusted: Networks) -> Address:
    """The address that stands for the client of an ASGI request."""
    peer = scope.get("client")
    address = (_read(peer[0]) if peer else None) or _NOWHERE
    if trusted:
        address = _behind_proxies(address, scope["headers"], trusted)
    if isinstance(address, IPv6Address):
        return IPv6Address(int(address) & ~_INTERFACE)
    return address


def is_within(scope: Mapping[str, Any], networks: Networks) -> bool:
    """Whether the peer itself is in one of the networks."""
    peer = scope.get("client")
    address = (_read(peer[0]) if peer else None) or _NOWHERE
    return any(address in network for network in networks)


def _behind_proxies(
    peer: Address, headers: Iterable[tuple[bytes, bytes]], trusted: Networks
) -> Address:
    # Several lines of a field are one list, in their order (RFC 9110 section 5.3).
    said = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    address = peer
    for hop in reversed(said.decode("latin-1").split(",")):
        if not any(address in network for network in trusted):
            break
        told = _read(hop.strip())
        if told is None:
            break
        address = told
    return address


def _read(text: str) -> Address | None:
    """IPv4 addresses in IPv6's clothes are taken out of them."""
    ported = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address((ported[1] or ported[2]) if ported else text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
