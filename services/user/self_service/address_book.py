"""The postal addresses of a member, at most MOST_ADDRESSES."""

from typing import Any

from sqlalchemy.engine import Connection

from schemas.errors import Unauthenticated
from schemas.user.self_service import MOST_ADDRESSES, TooManyAddresses, UnknownAddress
from services.user import store
from services.user.self_service import store as own_store


def save(tx: Connection, user_id: str, new_id: str, request: dict[str, Any]) -> dict[str, Any]:
    """Replace the address that the request names, or add one under `new_id`; returns it.

    Raises UnknownAddress and TooManyAddresses, and Unauthenticated for an account that was closed meanwhile.
    """
    # Locked, so that two new addresses at once are counted one after the other.
    if store.lock_account(tx, user_id).removed_at is not None:
        raise Unauthenticated()
    fields = {name: value for name, value in request.items() if name != "address_id"}
    address_id = request.get("address_id")
    if address_id is None:
        return _add(tx, user_id, new_id, fields)
    if own_store.address_by_id(tx, address_id, user_id) is None:
        raise UnknownAddress()
    own_store.update_address(tx, address_id, user_id, fields)
    return {"address_id": address_id, **fields}


def _add(tx: Connection, user_id: str, new_id: str, fields: dict[str, Any]) -> dict[str, Any]:
    if own_store.address_by_id(tx, new_id, user_id) is None:  # else the COMMIT succeeded, but its answer was lost
        if own_store.count_addresses(tx, user_id) >= MOST_ADDRESSES:
            raise TooManyAddresses()
        own_store.add_address(tx, new_id, user_id, fields)
    return {"address_id": new_id, **fields}
