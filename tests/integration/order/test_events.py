"""The events of an order."""

from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from amqp.exceptions import NotFound

from schemas import catalogue
from services.foundation.amqp import json_serializer, publishing
from services.foundation.events import topology
from testbed.mesh import Mesh, wait_until
from tests.drivers.commands import command


class Listener:
    """A queue that gets every event of the order room, read as a consumer reads it."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._heard: list[dict[str, Any]] = []
        self._queue = channel.queue_declare("", exclusive=True).queue
        channel.queue_bind(self._queue, topology.EXCHANGE.name, "order.#")

    def about(self, order_id: str, count: int) -> list[dict[str, Any]]:
        """The order's events in their sequence, once so many have come."""
        def heard() -> list[dict[str, Any]]:
            while (message := self._channel.basic_get(self._queue, no_ack=True)) is not None:
                found = json_serializer.decode(message.body)
                self._heard.append(catalogue.events()[found["type"]].load(found))
            mine = [event for event in self._heard if event["about"] == order_id]
            return sorted(mine, key=lambda event: event["sequence"])

        wait_until(lambda: len(heard()) >= count, 60, "the events")
        return heard()


@pytest.fixture
def listener(mesh: Mesh) -> Iterator[Listener]:
    with nameko.config.patch(mesh.settings, clear=True), publishing.producer() as producer, \
            producer.connection.channel() as channel:
        yield Listener(channel)


def test_every_change_of_an_order_has_one_complete_event(mesh: Mesh, listener: Listener) -> None:
    token, screening = mesh.buyer(), mesh.fresh_screening()
    seats = list(mesh.seats(screening))[:2]
    order = mesh.post("/order/buy", token, screening_id=screening, seats=seats).json()
    mesh.post("/order/pay", token, order_id=order["order_id"], method="sandbox")
    mesh.post("/order/refund", token, order_id=order["order_id"], seats=seats[1:])
    last = mesh.post("/order/refund", token, order_id=order["order_id"]).json()

    told = listener.about(order["order_id"], 6)
    assert [(event["type"], event["sequence"]) for event in told] == [
        ("order.created", 1), ("order.paying", 2), ("order.paid", 3), ("order.part_refunded", 4),
        ("order.refunding", 5), ("order.refunded", 6)]
    assert [event["body"]["returned_seats"] for event in told] == [[], [], [], seats[1:], seats, seats]
    first = told[0]["body"]
    assert [seat["seat_id"] for seat in first["seats"]] == seats
    assert (first["order_id"], first["total"], first["currency"]) == (
        order["order_id"], order["total"], order["currency"])
    assert first["screening"]["starts_at"].isoformat() == last["screening"]["starts_at"]
    assert told[-1]["body"]["refunded"] == order["total"]
    assert told[-1]["body"]["last_refund"] == {"seats": seats[:1], "amount": first["seats"][0]["price"]}
    assert all(event["trace"]["request_id"] for event in told)
    assert len({event["event_id"] for event in told}) == 6
    mesh.check_invariants()


def test_a_refused_purchase_has_no_event(mesh: Mesh, listener: Listener) -> None:
    screening = mesh.fresh_screening()
    seats = list(mesh.seats(screening))[:2]
    order = mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats).json()
    assert mesh.post("/order/buy", mesh.buyer(), screening_id=screening, seats=seats).status_code == 409
    listener.about(order["order_id"], 1)
    everything = "SELECT 1 FROM outbox JOIN orders ON about = order_id WHERE screening_id = :s"
    assert len(mesh.rows("order", everything, s=screening)) == 1


@pytest.mark.full_size("integration/operations/test_invariants.py")
def test_lost_or_unpublished_events_are_a_breach(mesh: Mesh, listener: Listener) -> None:
    """The negative control of invariant I6."""
    token, screening = mesh.buyer(), mesh.fresh_screening()
    for seat in list(mesh.seats(screening))[:2]:
        order = mesh.post("/order/buy", token, screening_id=screening, seats=[seat]).json()
        listener.about(order["order_id"], 1)
    mine = {"o": order["order_id"]}
    with mesh.without("order"):
        mesh.rows("order", "UPDATE orders SET version = 2 WHERE order_id = :o", **mine)
        assert "its 1 events end with order.created at 1" in command(mesh, "check").stdout
        mesh.rows("order", "UPDATE orders SET version = 1 WHERE order_id = :o", **mine)
        mesh.rows("order", "UPDATE outbox SET published_at = NULL, occurred_at = occurred_at - INTERVAL 1 HOUR "
                           "WHERE about = :o", **mine)
        assert "was never published, though later events were" in command(mesh, "check").stdout
    mesh.check_invariants()


def test_queues_exist_before_the_first_event(mesh: Mesh) -> None:
    with nameko.config.patch(mesh.settings, clear=True), publishing.producer() as producer:
        for name in (topology.AUDIT, *(f"events.wait.{pause:g}s" for pause in mesh.settings["events"]["pauses"])):
            try:
                producer.channel.queue_declare(name, passive=True)
            except NotFound:
                pytest.fail(name)
