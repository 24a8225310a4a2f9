"""The address of a client: that of its connection, or the one that a trusted proxy vouches for.

Each proxy appends the address that it was called from to `X-Forwarded-For`. So the header is read from its end, for as
long as the sender is a trusted proxy: whatever a client wrote there itself is never reached.
"""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPV6_PREFIX = 64    # what a provider gives one customer, who may take any address of it


@lru_cache(maxsize=4096)
def client_address(peer: str, forwarded_for: str, trusted: frozenset[IpNetwork]) -> str:
    """The client's address: an IPv4 address, or the /64 network of an IPv6 one.

    `peer`: the address of the connection's other end. `forwarded_for`: the value of `X-Forwarded-For`; several headers
    are joined by commas. `trusted`: the networks of the proxies in front of the gateway.
    """
    address = _parse(peer)
    if address is None:
        return peer    # not of the internet, such as a Unix socket
    for entry in reversed(forwarded_for.split(",")):
        named = _parse(entry)
        if named is None or not _is_in(address, trusted):
            break
        address = named
    return _block(address)


def peer_address(peer: str) -> str:
    """The connection's own address in the form of `client_address`, whatever its requests say."""
    return client_address(peer, "", frozenset())


@lru_cache(maxsize=4096)
def is_trusted(peer: str, trusted: frozenset[IpNetwork]) -> bool:
    """Whether the connection's other end is one of the proxies."""
    address = _parse(peer)
    return address is not None and _is_in(address, trusted)


def _parse(text: str) -> IpAddress | None:
    """The address in an entry such as 192.0.2.1, 192.0.2.1:443, 2001:db8::1 or [2001:db8::1]:443."""
    entry = text.strip()
    if entry.startswith("["):
        entry = entry[1:].partition("]")[0]
    elif entry.count(":") == 1:
        entry = entry.partition(":")[0]
    try:
        address = ipaddress.ip_address(entry.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: IpAddress, networks: Iterable[IpNetwork]) -> bool:
    return any(address in network for network in networks)


def _block(address: IpAddress) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((address, IPV6_PREFIX), strict=False))
