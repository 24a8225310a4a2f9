"""Passes of a sale queue: whose they are, for what, and until when."""

import datetime as dt

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import FieldsInvalid
from services.order.queueing.passes import end_of, give_pass
from services.order.queueing.rules import ask_again_before_draw, ask_again_seconds, check_draw_at, wait_seconds
from services.order.tickets.codes import TicketKeys
from tests.unit.order.samples import LATER, NOW

OLD, NEW = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
KEYS, ENDS = TicketKeys([NEW, OLD]), 1_800_000_000_000
GOOD = give_pass(KEYS, "premiere", "ada", ENDS)


def test_a_pass_tells_its_end_to_its_owner() -> None:
    assert end_of(GOOD, KEYS, "premiere", "ada") == ENDS
    assert give_pass(KEYS, "premiere", "ada", ENDS) == GOOD


@pytest.mark.parametrize(("given", "screening", "account"), [
    (GOOD, "premiere", "ben"), (GOOD, "matinee", "ada"), (GOOD.replace("18", "19", 1), "premiere", "ada"),
    (GOOD[:-2] + "AA", "premiere", "ada"), (GOOD + "A", "premiere", "ada"), ("", "premiere", "ada"),
    (None, "premiere", "ada"), (f"{ENDS}.", "premiere", "ada"), ("9" * 400, "premiere", "ada")],
    ids=["another account", "another screening", "another end", "another signature", "longer", "empty", "none",
         "no signature", "no pass"])
def test_a_pass_is_worthless_to_anybody_else(given: str | None, screening: str, account: str) -> None:
    assert end_of(given, KEYS, screening, account) == 0


def test_a_pass_outlives_a_change_of_keys_but_not_the_loss_of_its_own() -> None:
    before = give_pass(TicketKeys([OLD]), "premiere", "ada", ENDS)
    assert end_of(before, KEYS, "premiere", "ada") == ENDS
    assert end_of(before, TicketKeys([NEW]), "premiere", "ada") == 0


@pytest.mark.parametrize(("before", "pace", "wait"), [(0, 0.0, 1), (9, 0.0, 2), (9, 3.0, 30), (1999, 0.2, 400)])
def test_the_wait_follows_the_pace_of_late_and_never_beats_the_allowed_one(before: int, pace: float, wait: int) -> None:
    assert wait_seconds(before, 5, pace) == wait


@pytest.mark.parametrize(("wait", "pause"), [(1, 2), (50, 10), (400, 30)])
def test_who_is_far_back_asks_seldom(wait: int, pause: int) -> None:
    assert ask_again_seconds(wait) == pause


@pytest.mark.parametrize(("left", "pause"), [(-1, 2), (0.4, 2), (12.2, 13), (3600, 30)])
def test_before_the_draw_people_ask_when_it_is(left: float, pause: int) -> None:
    assert ask_again_before_draw(NOW + dt.timedelta(seconds=left), NOW) == pause


def test_a_sale_begins_before_its_film() -> None:
    check_draw_at(NOW, LATER)
    check_draw_at(None, LATER)
    with pytest.raises(FieldsInvalid):
        check_draw_at(LATER, LATER)
