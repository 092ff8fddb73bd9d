"""Which addresses may be connected to, whatever name led there.

Without SAFELIGHT_HTTP_ALLOW_PRIVATE only public unicast addresses: IPv4 less the special ranges,
IPv6 of 2000::/3 less the special ranges. With it, private, loopback and the like as well, but never
link-local ones, multicast or a cloud's metadata service, which hands out credentials.

An IPv6 address that carries an IPv4 one (mapped, NAT64, 6to4, Teredo, ISATAP) is judged by both.
The ranges are listed here, as `is_global` of older Pythons does not know all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from origin.sources.errors import SourceNotAllowed

_Address = IPv4Address | IPv6Address
_Ranges = tuple[tuple[IPv4Network | IPv6Network, str], ...]


def _ranges(**named: str) -> _Ranges:
    return tuple(
        (ip_network(text), name.replace("_", " "))
        for name, texts in named.items()
        for text in texts.split()
    )


# Some clouds keep their metadata service at addresses that look private, or even public.
_NEVER = _ranges(
    metadata="169.254.169.254 168.63.129.16 100.100.100.200 192.0.0.192 "
    "fd00:ec2::254 fd20:ce::254 fd00:42::42",
    unspecified="0.0.0.0/8 ::",
    link_local="169.254.0.0/16 fe80::/10",
    multicast="224.0.0.0/4 ff00::/8",
    reserved="240.0.0.0/4",
    # Where in it the IPv4 address stands is known to the translator only.
    local_NAT64="64:ff9b:1::/48",
)
_PRIVATE = _ranges(
    loopback="127.0.0.0/8 ::1",
    private="10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10",
    shared="100.64.0.0/10",
    protocol_assignment="192.0.0.0/24 2001::/23",  # Teredo, ORCHID and benchmarking among them
    documentation="192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    benchmarking="198.18.0.0/15",
    automatic_tunnel="192.88.99.0/24 2002::/16",
)
_UNICAST = IPv6Network("2000::/3")
_MAPPED = IPv6Network("::ffff:0:0/96")
_NAT64 = IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_32_BITS = 0xFFFF_FFFF


def check_address(host: str, address: str, *, private: bool) -> None:
    """SourceNotAllowed unless the address that `host` stands for may be connected to."""
    try:
        whole = ip_address(address)
    except ValueError as exc:
        raise SourceNotAllowed(f"{host}: expected an IP address, got {address!r}") from exc
    judged = [(*_judge(part), part) for part in (whole, *_embedded(whole))]
    never, kind, part = max(judged, key=lambda found: (found[0], bool(found[1])))
    if not kind or (private and not never):
        return
    came = address if part is whole else f"{address}, which leads to {part}"
    remedy = "it is never connected to" if never else "SAFELIGHT_HTTP_ALLOW_PRIVATE=1 lets it in"
    raise SourceNotAllowed(f"{host}: expected a public address, got {came} ({kind}): {remedy}")


def _judge(address: _Address) -> tuple[bool, str]:
    """Whether it is out of the question, and what it is; an empty name for a public address."""
    if kind := _kind(address, _NEVER):
        return True, kind
    if isinstance(address, IPv4Address):
        return False, _kind(address, _PRIVATE)
    if address.scope_id is not None:
        return True, "of one interface"
    if kind := _kind(address, _PRIVATE):
        return False, kind
    routed = address in _UNICAST or address in _MAPPED or address in _NAT64
    return (False, "") if routed else (True, "unassigned")


def _kind(address: _Address, ranges: _Ranges) -> str:
    return next((name for network, name in ranges if address in network), "")


def _embedded(address: _Address) -> Iterator[IPv4Address]:
    if isinstance(address, IPv4Address):
        return
    number = int(address)
    low = number & _32_BITS
    if address in _MAPPED or address in _NAT64:
        yield IPv4Address(low)
    if address in _SIX_TO_FOUR:
        yield IPv4Address(number >> 80 & _32_BITS)
    if address in _TEREDO:
        yield IPv4Address(number >> 64 & _32_BITS)
        yield IPv4Address(low ^ _32_BITS)
    if number >> 32 & _32_BITS in _ISATAP:
        yield IPv4Address(low)
