"""How many connections a client has open."""

import socket

from gateway.http.connections import Connection, Connections


def test_the_connections_of_each_client_are_counted() -> None:
    with socket.socket() as sock:
        one, two, other = (Connection(sock, (address, 1)) for address in ("2001:db8::1", "2001:db8::2", "192.0.2.7"))
        found = Connections()
        for connection in (one, two, other):
            found.add(connection)
        assert (len(found), found.of(one.client), found.of(other.client), found.of("192.0.2.8")) == (3, 2, 1, 0)
        found.remove(one)
        found.remove(other)
        assert (len(found), found.of(one.client), found.of(other.client)) == (1, 1, 0)
        assert list(found) == [two]
