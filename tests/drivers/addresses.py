"""Clients with network addresses of their own: any address of 127.0.0.0/8 reaches a gateway on this machine."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter


class _AddressAdapter(HTTPAdapter):
    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(self._address, 0))  # type: ignore[no-untyped-call]


def client_at(address: str) -> requests.Session:
    """A client that calls from this address, such as 127.0.0.2."""
    session = requests.Session()
    session.mount("http://", _AddressAdapter(address))
    return session
