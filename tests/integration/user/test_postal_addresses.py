"""A member keeps up to ten postal addresses, each seen by nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from schemas.errors import Unauthenticated
from schemas.user.self_service import MOST_ADDRESSES, TooManyAddresses
from services.foundation.rpc.calls import Principal
from services.user import store
from testbed.mesh import Mesh
from tests.integration.user.conftest import PASSWORD, authorize

SignIn = Callable[[str], str]
HOME = {"name": "Ada Lovelace", "street": "12 rue de la Paix\nEscalier B", "postal_code": "75002", "city": "Paris",
        "region": None, "country": "FR"}


def save(mesh: Mesh, token: str, key: str | None = None, **fields: Any) -> Any:
    return mesh.post("/user/save_address", token, key=key, **{**HOME, **fields})


def addresses(mesh: Mesh, token: str) -> list[dict[str, Any]]:
    return list(mesh.get("/user/get_addresses", token).json()["addresses"])


def test_an_address_is_added_changed_and_removed(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    token = sign_in(ada)
    added = save(mesh, token, key="home").json()
    assert save(mesh, token, key="home").json() == added
    assert addresses(mesh, token) == [{**HOME, "address_id": added["address_id"]}]

    changed = save(mesh, token, address_id=added["address_id"], city="北京", country="CN").json()
    assert addresses(mesh, token) == [changed]
    assert changed["city"] == "北京"

    for _ in range(2):
        assert mesh.post("/user/remove_address", token, address_id=added["address_id"]).json() == {}
    assert addresses(mesh, token) == []
    assert save(mesh, token, address_id=added["address_id"]).json()["code"] == "unknown_address"


def test_an_address_is_its_owners_alone(mesh: Mesh, ada: str, name: str, sign_in: SignIn) -> None:
    mesh.post("/user/register", username="bob" + name, password=PASSWORD)
    hers, his = sign_in(ada), sign_in("bob" + name)
    address_id = save(mesh, hers).json()["address_id"]

    assert addresses(mesh, his) == []
    assert save(mesh, his, address_id=address_id, city="Lyon").json()["code"] == "unknown_address"
    mesh.post("/user/remove_address", his, address_id=address_id)
    assert [each["city"] for each in addresses(mesh, hers)] == ["Paris"]
    assert mesh.get("/user/get_addresses").status_code == 401


def test_a_bad_address_is_refused_field_by_field(mesh: Mesh, ada: str, sign_in: SignIn) -> None:
    refused = save(mesh, sign_in(ada), country="France", street="", city="x" * 101)
    assert sorted(refused.json()["fields"]) == ["city", "country", "street"]


def test_ten_addresses_are_the_most_also_if_two_are_added_at_once(
    mesh: Mesh, room: Any, ada: str, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = sign_in(ada)
    for number in range(MOST_ADDRESSES - 1):
        assert save(mesh, token, street=f"{number}").status_code == 200
    room.principal = Principal(user_id=authorize(mesh, token).json()["user_id"])

    def lock_too_late(tx: Any, user_id: str, lock: Any = store.lock_account) -> Any:
        save(mesh, token, street="the rival's")
        return lock(tx, user_id)

    monkeypatch.setattr(store, "lock_account", lock_too_late)
    with pytest.raises(TooManyAddresses):
        room.save_address(**HOME)

    assert [each["street"] for each in addresses(mesh, token)][MOST_ADDRESSES - 1:] == ["the rival's"]


def test_an_account_that_is_closed_meanwhile_gets_no_address(
    mesh: Mesh, room: Any, ada: str, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = sign_in(ada)
    user_id = authorize(mesh, token).json()["user_id"]
    room.principal = Principal(user_id=user_id)

    def lock_too_late(tx: Any, user_id: str, lock: Any = store.lock_account) -> Any:
        mesh.post("/user/close_account", token, password=PASSWORD)
        return lock(tx, user_id)

    monkeypatch.setattr(store, "lock_account", lock_too_late)
    with pytest.raises(Unauthenticated):
        room.save_address(**HOME)

    assert mesh.rows("user", "SELECT * FROM address WHERE user_id = :u", u=user_id) == []
