"""A client's address is its own, or what a trusted proxy says; never what the client says of itself."""

import ipaddress

import pytest

from gateway.client_address import client_address, is_trusted, peer_address

PROXIES = frozenset(map(ipaddress.ip_network, ("10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(("peer", "forwarded", "address"), [
    ("192.0.2.1", "", "192.0.2.1"),
    ("192.0.2.1", "198.51.100.7", "192.0.2.1"),                      # no proxy of ours: it may write what it likes
    ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
    ("10.0.0.1", "198.51.100.7:41000", "198.51.100.7"),
    ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),       # the client forged the first entry
    ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
    ("10.0.0.1", "10.9.9.9, 10.0.0.2", "10.9.9.9"),                  # a client within the proxies' network
    ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),               # nothing before a hole is certain
    ("10.0.0.1", "", "10.0.0.1"),
    ("::ffff:10.0.0.1", "::ffff:198.51.100.7", "198.51.100.7"),
    ("fd00::1", "[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2::/64"),
    ("2001:db8:1:2::1", "", "2001:db8:1:2::/64"),
    ("2001:db8:1:2:ffff::9%eth0", "", "2001:db8:1:2::/64"),
    ("/run/gateway.sock", "198.51.100.7", "/run/gateway.sock"),
])
def test_the_address_of_a_client_follows_the_trusted_proxies(peer: str, forwarded: str, address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_a_trusted_proxy_the_header_counts_for_nothing() -> None:
    assert client_address("10.0.0.1", "198.51.100.7", frozenset()) == peer_address("10.0.0.1") == "10.0.0.1"


@pytest.mark.parametrize(("peer", "trusted"), [("10.1.2.3", True), ("::ffff:10.1.2.3", True), ("fd00::7", True),
                                               ("192.0.2.1", False), ("", False)])
def test_a_proxy_is_known_by_its_own_address(peer: str, trusted: bool) -> None:
    assert is_trusted(peer, PROXIES) is trusted
