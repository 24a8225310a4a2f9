"""Roles: who includes whom, and where."""

import pytest

from schemas.roles import GUEST, HELD, HOLDERS, ROLES, allows, cinemas_of, includes, includes_at


@pytest.mark.parametrize("role", ROLES)
def test_an_admin_has_every_role_and_every_role_is_staff(role: str) -> None:
    assert includes(["admin"], role)
    assert includes([role], "staff")
    assert includes([f"{role}@canal"], role)


def test_a_manager_is_cook_usher_and_cashier_and_no_admin() -> None:
    assert [role for role in ROLES if includes(["manager"], role)] == ["cook", "usher", "cashier", "manager"]


@pytest.mark.parametrize("role", ["cook", "usher", "cashier"])
def test_a_simple_role_is_no_other(role: str) -> None:
    assert [other for other in ROLES if includes([role], other)] == [role]


def test_a_role_allows_its_holders_and_any_other_access_everybody_who_is_signed_in() -> None:
    assert allows("cook", ["manager"])
    assert not allows("manager", ["cook"])
    assert allows("buyer", [])


@pytest.mark.parametrize("access", ["buyer", *HOLDERS, "public", "internal"])
def test_a_guest_has_what_is_for_guests_and_no_account_can_be_one(access: str) -> None:
    assert allows("guest", [GUEST])
    assert allows("guest", [])
    assert not allows(access, [GUEST])
    assert not HELD.match(GUEST)


def test_nobody_has_a_role_without_one() -> None:
    assert not any(includes([], role) for role in HOLDERS)


def test_a_role_for_one_cinema_counts_there_only() -> None:
    assert includes_at(["cook@canal"], "cook", "canal")
    assert not includes_at(["cook@canal"], "cook", "canals")
    assert not includes_at(["manager@canal", "cook@harbour"], "manager", "harbour")
    assert includes_at(["manager@canal", "cook@harbour"], "cook", "harbour")
    assert includes_at(["manager"], "cook", "harbour")


def test_a_role_names_its_cinemas_or_none_for_all() -> None:
    assert cinemas_of(["manager@canal", "cook@harbour", "usher"], "cook") == {"canal", "harbour"}
    assert cinemas_of(["cook@canal", "manager"], "cook") is None
    assert cinemas_of(["usher"], "cook") == frozenset()


@pytest.mark.parametrize("spelled", ["staff", "cook@", "cook@ canal", "cook@a@b", "Cook", "cook@canal\n", "@canal", ""])
def test_a_role_is_spelled_in_one_way(spelled: str) -> None:
    assert not HELD.match(spelled)
