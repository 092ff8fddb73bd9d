"""Who the client is: as far as trusted proxies say so, and not a step further."""

from __future__ import annotations

from typing import Any

import pytest

from origin.client_address import client_address, read_networks

PROXIES = read_networks(["10.0.0.0/8", "2001:db8:cd::/48", "192.0.2.1"])


def scope(peer: str | None, *forwarded: str) -> dict[str, Any]:
    """As uvicorn makes it, with a line of X-Forwarded-For for each text."""
    return {
        "client": None if peer is None else (peer, 4711),
        "headers": [
            (b"host", b"a.example"),
            *((b"x-forwarded-for", text.encode("latin-1")) for text in forwarded),
            (b"forwarded", b"for=203.0.113.99"),
            (b"x-real-ip", b"203.0.113.98"),
        ],
    }


def client(peer: str | None, *forwarded: str) -> str:
    return str(client_address(scope(peer, *forwarded), PROXIES))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("192.0.2.1", ["203.0.113.7"], "203.0.113.7"),
        ("2001:db8:cd::9", ["203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7, 10.9.9.9,10.8.8.8"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7", "10.9.9.9"], "203.0.113.7"),
        ("10.0.0.1", ["203.0.113.7:1234"], "203.0.113.7"),
        ("10.0.0.1", ["[2a00::1]:1234, [2001:db8:cd::1]"], "2a00::"),
    ],
)
def test_what_trusted_proxies_say_is_believed(
    peer: str, forwarded: list[str], expected: str
) -> None:
    assert client(peer, *forwarded) == expected


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.1", ["203.0.113.7"], "198.51.100.1"),
        ("10.0.0.1", ["1.1.1.1, 203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
        ("10.0.0.1", ["10.1.1.1, 203.0.113.7, 10.2.2.2"], "203.0.113.7"),
        ("10.0.0.1", ["1.1.1.1, 198.51.100.1, 10.2.2.2"], "198.51.100.1"),
    ],
)
def test_what_clients_say_of_themselves_is_not(
    peer: str, forwarded: list[str], expected: str
) -> None:
    assert client(peer, *forwarded) == expected


@pytest.mark.parametrize(
    "junk",
    ["", ",", "unknown", "_hidden", "a.example", "203.0.113.7.9", "203.0.113", "\xe9", "[", "[]:1"],
)
def test_junk_is_the_last_trusted_hop(junk: str) -> None:
    assert client("10.0.0.1", junk) == "10.0.0.1"
    assert client("10.0.0.1", f"203.0.113.7, {junk}, 10.2.2.2") == "10.2.2.2"


def test_a_request_that_no_visitor_caused_is_the_farthest_proxys_own() -> None:
    assert client("10.0.0.1") == "10.0.0.1"
    assert client("10.0.0.1", "10.3.3.3, 10.2.2.2") == "10.3.3.3"


def test_without_trusted_proxies_the_peer_is_the_client() -> None:
    assert str(client_address(scope("10.0.0.1", "203.0.113.7"), ())) == "10.0.0.1"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("64:ff9b::203.0.113.7", "203.0.113.7"),
    ],
)
def test_a_client_of_ipv6_is_its_network_and_one_of_ipv4_itself(
    address: str, expected: str
) -> None:
    assert client(address) == expected
    assert client("10.0.0.1", address) == expected


def test_a_proxy_of_ipv4_is_known_on_a_socket_of_ipv6() -> None:
    assert client("::ffff:10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2") == "203.0.113.7"


@pytest.mark.parametrize("peer", [None, ""])
def test_peers_without_an_address_are_one_client(peer: str | None) -> None:
    assert client(peer, "203.0.113.7") == "0.0.0.0"


def test_a_long_list_is_read_at_once() -> None:
    assert client("10.0.0.1", ",".join(["10.0.0.1"] * 20_000)) == "10.0.0.1"


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0", "a.example", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused_by_the_settings_name(value: str) -> None:
    with pytest.raises(ValueError, match=r"^SAFELIGHT_TRUSTED_PROXIES: expected networks") as told:
        read_networks([value])

    assert repr(value) in str(told.value)
