"""`check` finds every disagreement between order room and kitchen about snacks."""

from collections.abc import Iterator
from contextlib import contextmanager

import nameko
import pytest

from operations.checks.snacks import snacks_fit_the_orders
from operations.checks.snapshot import Snapshot
from testbed.mesh import Mesh, wait_until
from tests.drivers.snack_orders import SKU, bought_and_paid

EARLIER = "published_at - INTERVAL 5 MINUTE"


@pytest.fixture(scope="module")
def order_id(mesh: Mesh) -> str:
    """A paid order whose snacks wait to be prepared."""
    screening = mesh.fresh_screening(320)
    return str(bought_and_paid(mesh, screening, list(mesh.seats(screening))[:1], (SKU, 1))[1]["order_id"])


@contextmanager
def changed(mesh: Mesh, room: str, table: str, order_id: str, change: str) -> Iterator[None]:
    """Change the order's rows in that table, and restore them afterwards."""
    key = "about" if table == "outbox" else "order_id"
    before = [dict(row._mapping) for row in mesh.rows(room, f"SELECT * FROM {table} WHERE {key} = :o", o=order_id)]
    mesh.rows(room, f"UPDATE {table} SET {change} WHERE {key} = :o", o=order_id)
    try:
        yield
    finally:
        mesh.rows(room, f"DELETE FROM {table} WHERE {key} = :o", o=order_id)
        for row in before:
            mesh.rows(room, f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",
                      **row)


def breaches(mesh: Mesh) -> list[str]:
    with nameko.config.patch(mesh.settings, clear=True), Snapshot.open() as snapshot:
        return list(snacks_fit_the_orders(snapshot))


@pytest.mark.parametrize(("room", "table", "change", "words"), [
    ("kitchen", "ticket", "status = 'given_up'", "is paid, its snacks are given_up"),
    ("order", "orders", "status = 'refunded'", "is refunded, its snacks are new"),
    ("order", "orders", "snacks = '[]'", "the kitchen has snacks as new for order"),
    ("order", "outbox", f"event_id = MD5(event_id), published_at = {EARLIER}", "has not heard of order.paid"),
    ("kitchen", "outbox", f"sequence = sequence + 1, published_at = {EARLIER}", "has missed a change of its snacks"),
])
def test_a_disagreement_is_named_with_its_order(mesh: Mesh, order_id: str, room: str, table: str, change: str,
                                                words: str) -> None:
    wait_until(lambda: breaches(mesh) == [], what="all that was told to be heard")
    with changed(mesh, room, table, order_id, change):
        assert len([breach for breach in breaches(mesh) if words in breach and order_id in breach]) == 1
    assert breaches(mesh) == []
