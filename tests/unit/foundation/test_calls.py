"""Principals, and the methods they may call."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from schemas.base import Access, Method, Nothing
from schemas.errors import Forbidden, Unauthenticated
from services.foundation.rpc.calls import Principal, call
from services.foundation.rpc.server import is_overdue

GUEST, ANNA = Principal(), Principal(user_id="anna")
STAFF, ADMIN = Principal(user_id="ben", roles=("cook@canal",)), Principal(user_id="carla", roles=("admin",))


@pytest.mark.parametrize(("access", "permitted"), [
    ("public", (GUEST, ANNA, STAFF, ADMIN)),
    ("internal", (GUEST, ANNA, STAFF, ADMIN)),
    ("buyer", (ANNA, STAFF, ADMIN)),
    ("staff", (STAFF, ADMIN)),
    ("admin", (ADMIN,)),
])
def test_a_principal_may_call_a_method_by_its_access(access: Access, permitted: tuple[Principal, ...]) -> None:
    method = Method("film", "edit", Nothing, Nothing, access, "Edit a film.")
    for principal in (GUEST, ANNA, STAFF, ADMIN):
        if principal in permitted:
            principal.permit(method)
            continue
        with pytest.raises(Unauthenticated if principal is GUEST else Forbidden):
            principal.permit(method)


def test_the_principal_is_the_caller_that_the_gateway_verified() -> None:
    caller = {"user_id": "u1", "username": "anna", "roles": ["cook"], "token_id": "t1"}
    principal = Principal.of({"caller": caller, "request_id": "r1", "idempotency_key": "k1"})
    assert principal == Principal("u1", "anna", ("cook",), "t1", "r1", "k1")


@pytest.mark.parametrize(("stack", "call_id"), [
    ([], None), (["wallet.adjust.1"], None), (["gateway.call_room.1", "wallet.adjust.2"], "gateway.call_room.1"),
    (["gateway.call_room.1", "order.pay.2", "wallet.adjust.3"], "order.pay.2"),
])
def test_a_call_has_the_id_of_its_caller_however_often_it_is_delivered(stack: list[str], call_id: str | None) -> None:
    assert Principal.of({"call_id_stack": stack}).call_id == call_id


@pytest.mark.parametrize("context", [
    {}, {"caller": None}, {"caller": "root"}, {"caller": []}, {"caller": {}}, {"caller": {"roles": ["admin"]}},
    {"caller": {"roles": "admin"}}, {"caller": {"roles": 7}},
], ids=str)
def test_a_caller_that_was_not_verified_is_a_guest(context: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        Principal.of(context).permit(Method("film", "edit", Nothing, Nothing, "admin", "Edit a film."))


@pytest.mark.parametrize(("context", "overdue"), [
    ({}, False), ({"deadline": "soon"}, False), ({"deadline": None}, False), ({"deadline": 1.5}, True),
    ({"deadline": 10**11}, False),
], ids=str)
def test_a_call_past_its_deadline_is_overdue(context: dict[str, Any], overdue: bool) -> None:
    assert is_overdue(context) is overdue


def test_a_method_is_known_not_to_have_failed_before_its_first_call() -> None:
    call(Method("probe", "ask", Nothing, Nothing, "public", "Ask."))(lambda self, request: None)
    labels = {"room": "probe", "method": "ask", "outcome": "fault"}
    assert REGISTRY.get_sample_value("marquee_calls_total", labels) == 0
