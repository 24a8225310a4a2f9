"""The authorization matrix is complete, and the contract's access agrees with it."""

import pytest

from gateway.routes.methods import PUBLIC
from schemas.base import Method
from schemas.roles import HOLDERS, ROLES, includes
from tests.contracts.authorization import CALLERS, EVERYBODYS, MATRIX, OWN_THINGS

METHODS = {f"{method.room}.{method.name}": method for method in PUBLIC.values()}


def declared(method: Method, caller: str) -> str:
    """The cell that the gateway alone decides; a room that knows the cinema may refuse a cook from elsewhere."""
    if method.access == "public":
        return "+"
    if caller in ("signed out", "revoked"):
        return "1"
    if "guest" in (method.access, caller):
        return "+" if method.access == "guest" else "3"
    held = [] if caller == "buyer" else [caller.split()[0]]
    return "+" if method.access == "buyer" or includes(held, method.access) else "3"


def test_every_public_method_has_a_row() -> None:
    assert set(MATRIX) == set(METHODS)


def test_every_role_is_a_caller() -> None:
    assert set(ROLES) <= set(CALLERS)
    assert set(HOLDERS) == {*ROLES, "staff"}


@pytest.mark.parametrize("name", sorted(MATRIX))
def test_a_row_has_a_cell_for_each_caller_and_is_what_the_contract_declares(name: str) -> None:
    row, expected = MATRIX[name], "".join(declared(METHODS[name], caller) for caller in CALLERS)
    assert len(row) == len(CALLERS)
    refused_by_room = row[:-2] + "+" + row[-1]
    assert expected in (row, refused_by_room if row[-2] == "3" else row)


def test_every_method_about_a_members_own_thing_is_listed() -> None:
    found = {(name, field) for name, method in METHODS.items() if method.access in ("guest", "buyer")
             for field in method.request().fields if field.endswith("_id") and field not in EVERYBODYS}
    assert found == OWN_THINGS
