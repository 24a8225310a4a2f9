"""What a door takes along: today's void and used tickets, signed, and the counts of who is in."""

import base64

import orjson
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import text

from schemas.errors import Forbidden
from services.foundation.database import Transactions
from services.order.tickets.codes import as_text, read
from tests.integration.order.doors import KEYS, Door, refund, sold
from tests.unit.order.samples import MINUTE


def ticket_of(code: str) -> str:
    return read(code, KEYS.public).ticket_id


def verify(answer: dict[str, object]) -> None:
    """As RFC 8785 has it; raises InvalidSignature."""
    body = {name: value for name, value in answer.items() if name not in ("key_id", "signature")}
    key = Ed25519PublicKey.from_public_bytes(KEYS.public[str(answer["key_id"])])
    key.verify(base64.urlsafe_b64decode(f"{answer['signature']}=="),
               b"D1." + orjson.dumps(body, option=orjson.OPT_SORT_KEYS))


def test_a_door_list_names_what_admits_nobody_and_is_signed(database: Transactions) -> None:
    door = Door(database, "left")
    used, unused, elsewhere = sold(database, 1)[1][0], sold(database, 1)[1][0], sold(database, 1, cinema="palast")[1][0]
    order_id, [given_back, _] = sold(database, 2, screening="s-soon")
    sold(database, 1, starts_in=25 * 60 * MINUTE)
    over = sold(database, 1, starts_in=-95 * MINUTE)[1][0]
    door.scan(used)
    refund(database, order_id, [read(given_back, KEYS.public).seat_id])

    found = door.get_door_list()
    verify(found)
    assert found["void"] == [{"ticket": ticket_of(given_back), "reason": "refunded"}]
    assert [(each["ticket"], each["door"]) for each in found["used"]] == [(ticket_of(used), "left")]
    assert {each["screening_id"] for each in found["screenings"]} == {
        read(code, KEYS.public).screening_id for code in (used, unused, given_back)}
    assert [key["public_key"] for key in found["keys"]] == [as_text(key) for key in KEYS.public.values()]
    assert not {elsewhere, over} & {each["ticket"] for each in found["void"] + found["used"]}
    assert {each["age_rating"] for each in found["screenings"]} == {"16"}
    with pytest.raises(InvalidSignature):
        verify({**found, "void": []})

    database.run(lambda tx: tx.execute(text("INSERT INTO cancelled_screening VALUES ('s-soon', 'ada', NOW())")))
    later = door.get_door_list(cinema_id="kanal")
    assert later["void"] == [{"ticket": ticket_of(given_back), "reason": "cancelled"}]
    assert [each["cancelled"] for each in later["screenings"] if each["screening_id"] == "s-soon"] == [True]


def test_guests_are_counted_by_screening(database: Transactions) -> None:
    door = Door(database, "left")
    order_id, codes = sold(database, 3, screening="s-counted")
    sold(database, 2, starts_in=50 * MINUTE, screening="s-later")
    sold(database, 1, cinema="palast", screening="s-elsewhere")
    door.scan(codes[0])
    refund(database, order_id, [read(codes[1], KEYS.public).seat_id])

    def counts(door: Door, **asked: str) -> dict[str, tuple[int, int]]:
        found = door.get_attendance(**asked)["screenings"]
        return {each["screening_id"]: (each["admitted"], each["expected"]) for each in found}

    assert counts(door) == {"s-counted": (1, 2), "s-later": (0, 2)}
    assert counts(door, screening_id="s-counted") == {"s-counted": (1, 2)}
    assert counts(door, screening_id="s-elsewhere") == {}
    assert counts(Door(database, "boss", "manager"), cinema_id="palast") == {"s-elsewhere": (0, 1)}
    with pytest.raises(Forbidden):
        door.get_attendance(cinema_id="palast")
    door.undo_admission(code=codes[0])
    assert counts(door)["s-counted"] == (0, 2)
