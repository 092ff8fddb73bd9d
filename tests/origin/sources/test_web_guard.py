"""Addresses: which are public, which need the setting, which nothing opens."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from origin.sources.errors import SourceNotAllowed
from origin.sources.web_guard import check_address

PUBLIC = [
    "1.1.1.1",
    "9.255.255.255",
    "11.0.0.0",
    "93.184.216.34",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.1",
    "192.167.255.255",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2606:4700::1111",
    "2001:4860:4860::8888",
    "::ffff:1.1.1.1",
    "64:ff9b::1.1.1.1",
]
PRIVATE = [
    "10.0.0.1",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "::1",
    "fc00::1",
    "fd12:3456::1",
    "fec0::1",
    "2001:db8::1",
    "3fff::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2002:a00:1::1",
    "2002:101:101::1",
    "2001:0:101:101::f5ff:fffe",
    "2001:0:a00:1::fefe:fefe",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::10.0.0.1",
    "64:ff9b::7f00:1",
    "2606:4700::5efe:10.0.0.1",
    "2606:4700::200:5efe:192.168.0.1",
    "fd00::5efe:10.0.0.1",
]
NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "192.0.0.192",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fe80::5efe:1.1.1.1",
    "2606:4700::1%eth0",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::1.1.1.1",
    "::127.0.0.1",
    "::ffff:0:1.1.1.1",
    "::ffff:169.254.169.254",
    "::ffff:a9fe:a9fe",
    "::ffff:0.0.0.0",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::1.1.1.1",
    "2002:a9fe:a9fe::1",
    "2001:0:a9fe:a9fe::fefe:fefe",
    "2001:0:101:101::5601:5601",
    "2606:4700::5efe:169.254.169.254",
    "4000::1",
    "100::1",
    "5f00::1",
    "e000::1",
]
# They look ordinary to the standard library, old and new, or are judged by what they carry.
CARRIERS = [ip_network("::ffff:0:0/96"), ip_network("64:ff9b::/96")]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_in(address: str) -> None:
    check_address("img.example", address, private=False)
    check_address("img.example", address, private=True)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_private_address_needs_the_setting(address: str) -> None:
    with pytest.raises(SourceNotAllowed, match=r"img\.example.*ALLOW_PRIVATE=1 lets") as raised:
        check_address("img.example", address, private=False)
    check_address("img.example", address, private=True)

    assert address in str(raised.value)


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_opened_by_nothing(address: str, private: bool) -> None:
    with pytest.raises(SourceNotAllowed, match=r"img\.example.*never") as raised:
        check_address("img.example", address, private=private)

    assert address in str(raised.value)


@pytest.mark.parametrize("address", ["", "img.example", "127.1", "0177.0.0.1", "1.1.1.1:80"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SourceNotAllowed, match="expected an IP address"):
        check_address("img.example", address, private=True)


def test_the_message_says_what_the_address_leads_to() -> None:
    with pytest.raises(SourceNotAllowed, match=r"2002:a9fe:a9fe::1, .* 169\.254\.169\.254 \(meta"):
        check_address("img.example", "2002:a9fe:a9fe::1", private=True)


def is_let_in(address: IPv4Address | IPv6Address, *, private: bool) -> bool:
    try:
        check_address("img.example", str(address), private=private)
    except SourceNotAllowed:
        return False
    return True


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_knows_to_be_special(
    address: IPv4Address | IPv6Address,
) -> None:
    let_in = is_let_in(address, private=False)

    carries = any(address in network for network in CARRIERS)
    ordinary = address.is_global and not address.is_multicast and not address.is_reserved
    assert not let_in or ordinary or carries


@given(st.ip_addresses(v=4), st.booleans())
def test_an_address_in_disguise_is_let_in_no_more_than_itself(
    address: IPv4Address, private: bool
) -> None:
    number = int(address)
    disguises = [
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        f"2606:4700::5efe:{address}",
        str(IPv6Address((0x2002 << 112) | (number << 80))),
        str(IPv6Address((0x20010000 << 96) | (number << 64) | 0xFEFEFEFE)),
        str(IPv6Address((0x20010000 << 96) | (0x01010101 << 64) | (number ^ 0xFFFFFFFF))),
    ]

    let_in = [is_let_in(ip_address(text), private=private) for text in disguises]

    assert is_let_in(address, private=private) or not any(let_in)
