"""Every method is served by exactly one room; rooms refuse and announce only what the contract names."""

import ast
import inspect
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, get_args

import pytest
from nameko.rpc import Rpc

from schemas import catalogue, errors
from schemas.base import Access, Announcement, Method
from schemas.errors import Refusal
from schemas.payment.payments import PAGELESS_METHODS
from services.foundation.amqp.announcements import AnnouncementHandler
from services.foundation.rpc.idempotency import CREDENTIALS
from services.order.rules import PAGELESS
from tests.contracts.rooms import ROOT, entrypoints, meant, modules, nodes_of, service_classes

METHODS = catalogue.methods()
ROOMS = sorted(service_classes())
every_room = pytest.mark.parametrize("room", ROOMS)


def served() -> list[tuple[str, Method | None]]:
    """Every RPC entrypoint there is: the room and the function, and the method it serves."""
    return [(f"{room}.{function.__name__}", getattr(function, "contract", None))
            for room, service in service_classes().items()
            for function, entrypoint in entrypoints(service) if isinstance(entrypoint, Rpc)]


@pytest.mark.parametrize("method", METHODS.values(), ids=[".".join(name) for name in METHODS])
def test_a_method_is_served_by_exactly_one_room_under_its_own_name(method: Method) -> None:
    assert [name for name, contract in served() if contract is method] == [f"{method.room}.{method.name}"]


def test_a_room_serves_only_methods_of_the_contract() -> None:
    assert [name for name, contract in served() if contract not in METHODS.values()] == []


def test_only_opening_and_saving_an_account_are_keyed_and_have_a_credential() -> None:
    """No digest has it, so the room must compare it by itself, as these do."""
    assert {method.path for method in METHODS.values()
            if method.keyed and set(method.request().fields) & set(CREDENTIALS)} == {"/user/register", "/user/save"}


def test_a_secret_of_a_keyed_method_is_a_credential_or_stands_in_the_same_database_anyway() -> None:
    """What is no credential is digested with the request, beside the row that has it."""
    digested = {(method.path, name) for method in METHODS.values() if method.keyed
                for name in method.secret_fields - set(CREDENTIALS)}
    assert digested == {("/kitchen/hand_over", "pick_up_code"), ("/order/undo_admission", "code")}


def test_the_order_room_knows_which_payments_need_no_page() -> None:
    assert set(PAGELESS_METHODS) == PAGELESS


def test_every_room_with_a_contract_exists() -> None:
    assert set(catalogue.rooms()) <= set(ROOMS)


@pytest.mark.parametrize("method", METHODS.values(), ids=[".".join(name) for name in METHODS])
def test_a_method_declares_its_access_and_purpose(method: Method) -> None:
    assert method.access in get_args(Access)
    assert method.summary.endswith(".")
    assert 0 < method.deadline <= 30
    assert not (method.reads and method.keyed), "a read needs no Idempotency-Key"
    if method.fresh_for:
        assert method.reads
        assert method.access == "public", "an answer for one caller must not be told to another"


def test_every_public_method_is_in_the_readme() -> None:
    rows = re.findall(r"^\| `([a-z_]+\.[a-z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    public = [f"{method.room}.{method.name}" for method in METHODS.values() if method.access != "internal"]
    assert sorted(rows) == sorted(public)


def test_every_served_method_of_a_service_class_has_a_docstring() -> None:
    silent = [name for name, contract in served() if contract
              and not getattr(service_classes()[contract.room], contract.name).__doc__]
    assert silent == []


# --- refusals ---


def test_refusals_live_in_the_contract() -> None:
    """One that a room defines for itself arrives elsewhere as a bug."""
    found = [thing for files in modules().values() for module in files for thing in refusals_in(vars(module).values())]
    assert [refusal for refusal in found if not refusal.__module__.startswith("schemas.")] == []


@every_room
def test_a_room_refuses_only_what_its_methods_declare(room: str) -> None:
    declared = {refusal for method in METHODS.values() if method.room == room for refusal in method.refusals}
    declared |= refusals_in(vars(errors).values())
    if room == "gateway":
        declared |= set(catalogue.refusals().values())
    raised = {
        meant(module, node.exc)
        for module in modules()[room] for node in nodes_of(module) if isinstance(node, ast.Raise)
    }
    assert {refusal.__name__ for refusal in refusals_in(raised) - declared} == set()


def refusals_in(things: Iterable[Any]) -> set[type[Refusal]]:
    return {thing for thing in things if inspect.isclass(thing) and issubclass(thing, Refusal)}


@pytest.mark.parametrize("method", METHODS.values(), ids=[".".join(name) for name in METHODS])
def test_a_declared_refusal_is_in_the_catalogue(method: Method) -> None:
    for refusal in method.refusals:
        assert catalogue.refusals()[refusal.code] is refusal


# --- announcements ---


@every_room
def test_a_room_consumes_only_announcements_that_a_room_publishes(room: str) -> None:
    for function, entrypoint in entrypoints(service_classes()[room]):
        if isinstance(entrypoint, AnnouncementHandler):
            name = (entrypoint.source_service, entrypoint.event_type)
            assert name in catalogue.announcements(), function.__name__
            assert catalogue.announcements()[name] in announced()[name[0]], f"nobody announces {name}"


@every_room
def test_a_room_announces_only_for_itself(room: str) -> None:
    """They go to the exchange of the room that announces; another room's would be heard by nobody."""
    assert [said for said in announced().get(room, []) if said.room != room] == []


def test_every_announcement_is_published_and_consumed() -> None:
    heard = {(entrypoint.source_service, entrypoint.event_type)
             for service in service_classes().values() for _, entrypoint in entrypoints(service)
             if isinstance(entrypoint, AnnouncementHandler)}
    assert heard == set(catalogue.announcements())


@cache
def announced() -> dict[str, list[Announcement]]:
    """The first argument of every `announce(...)`, `announce_now(...)` and `announce_from_command(...)`, by room."""
    found: dict[str, list[Announcement]] = {}
    for room, files in modules().items():
        for module in files:
            for node in nodes_of(module):
                match node:
                    case ast.Call(ast.Attribute(_, "announce" | "announce_now")
                                  | ast.Name("announce_from_command"), [first, *_]):
                        said = meant(module, first)
                        if isinstance(said, Announcement):
                            found.setdefault(room, []).append(said)
    return found
