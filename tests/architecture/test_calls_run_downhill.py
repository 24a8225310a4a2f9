"""Rooms call each other downhill only, so that no two can wait for each other."""

from collections.abc import Iterable
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.contracts.rooms import calls, modules, service_classes

ROOMS = sorted(service_classes())


def levels(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """Callers and called rooms in an order in which each is called by earlier ones only; CycleError names a circle."""
    callers = TopologicalSorter[str]()
    for caller, called in pairs:
        callers.add(called, caller)
    return list(callers.static_order())


def called_rooms() -> set[tuple[str, str]]:
    return {(caller, method.room) for caller, _, method in calls() if method}


def test_calls_are_found() -> None:
    assert ("order", "film") in called_rooms()


@pytest.mark.parametrize("room", [room for room in ROOMS if room != "gateway"])
def test_a_call_names_its_method(room: str) -> None:
    """So everyone sees who is called. The gateway passes on whichever method it was asked for."""
    assert [where for caller, where, method in calls() if caller == room and method is None] == []


def test_no_room_can_wait_for_itself() -> None:
    order = levels({*called_rooms(), *(("gateway", room) for room in ROOMS if room != "gateway")})
    assert order[0] == "gateway"
    assert set(order) == set(ROOMS)


@pytest.mark.parametrize("circle", [("order",), ("order", "payment"), ("order", "kitchen", "payment")])
def test_a_circle_of_calls_is_noticed(circle: tuple[str, ...]) -> None:
    with pytest.raises(CycleError):
        levels({*called_rooms(), *zip(circle, (*circle[1:], circle[0]), strict=True)})


def test_no_room_uses_a_client_of_namekos() -> None:
    """Nameko's own clients wait for ever, and hide who calls whom."""
    clients = ("ServiceRpc", "ClusterRpc", "RpcProxy", "ClusterRpcProxy", "ServiceRpcClient", "ClusterRpcClient")
    found = [f"{module.__name__}: {name}" for files in modules().values() for module in files
             for name in clients if name in vars(module)]
    assert found == []
