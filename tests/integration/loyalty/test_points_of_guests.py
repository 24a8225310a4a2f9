"""The order of a guest earns nothing until an account adopts it, and then what it would have earned, once."""

import itertools

from schemas import order
from services.foundation.database import Transactions
from services.loyalty import store
from services.loyalty.service import Loyalty
from tests.integration.loyalty.conftest import balances, deliver, entries, order_event

STORY = [(order.PAID, 3, {"guest": True, "buyer_id": "guest"}),
         (order.PART_REFUNDED, 4, {"guest": True, "buyer_id": "guest", "refunded": 500, "reason": "asked"}),
         (order.ADOPTED, 5, {"refunded": 500, "status": "part_refunded"})]


def test_events_in_any_order_come_to_the_points_of_the_account_that_adopts(room: Loyalty,
                                                                          loyalty: Transactions) -> None:
    for number, sequence in enumerate(itertools.permutations(STORY)):
        for event, place, fields in sequence:
            mine = order_event(event, f"o{number}", place, **{"buyer_id": f"m{number}", **fields})
            deliver(room, event, mine)
            deliver(room, event, mine)
    assert balances(loyalty) == {f"m{number}": (140, 140) for number in range(6)}
    assert loyalty.read(store.differences) == []


def test_a_guest_earns_nothing_and_is_no_member(room: Loyalty, loyalty: Transactions) -> None:
    for event, place, fields in STORY[:2]:
        deliver(room, event, order_event(event, "o", place, **fields))
    assert (balances(loyalty), entries(loyalty)) == ({}, [])
    assert list(loyalty.read(lambda tx: list(store.points_of_orders(tx)))) == []
