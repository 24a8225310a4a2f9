"""The stock in MariaDB: no snack is sold twice, and snacks given back are for sale again."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import true

from operations.checks.stock import stock_adds_up
from schemas.errors import RequestInProgress
from schemas.kitchen import KitchenStepTaken, SnacksSoldOut, SnacksUnknown, UnknownKitchenOrder
from services.foundation.database import Transactions
from services.kitchen import menu_import, reservations, staff, stock, tickets
from tests.integration.kitchen.conftest import SAM, START, paid, put_on_the_menu
from tests.integration.kitchen.reservations import snacks_left, wanted
from tests.unit.film.samples import WITH_MENU, written

BUYERS, AT_ONCE = 60, 16


def reserve(kitchen: Transactions, request: dict[str, Any]) -> bool:
    """Whether the buyer got it."""
    try:
        kitchen.run(lambda tx: reservations.reserve(tx, request))
    except SnacksSoldOut:
        return False
    return True


def rush(kitchen: Transactions) -> int:
    """Many buyers of the last seven popcorns at once; how many got one."""
    put_on_the_menu(kitchen, popcorn=7)
    with ThreadPoolExecutor(AT_ONCE) as buyers:
        return sum(buyers.map(lambda n: reserve(kitchen, wanted(f"order{n}", popcorn=1)), range(BUYERS)))


def test_the_last_popcorn_is_sold_once(kitchen: Transactions) -> None:
    assert rush(kitchen) == 7
    assert snacks_left(kitchen) == {"popcorn": 0}
    assert kitchen.read(stock_adds_up) == []


@pytest.fixture
def no_guards(monkeypatch: pytest.MonkeyPatch, kitchen: Transactions) -> Any:
    """Without the guards: nothing checks whether there is enough, neither the room nor MariaDB."""
    constraint = "CONSTRAINT nothing_sold_that_is_not_there"
    with kitchen.engine.begin() as tx:
        tx.exec_driver_sql(f"ALTER TABLE snack DROP {constraint}")
    monkeypatch.setattr(stock, "enough", lambda quantity: true())
    yield
    with kitchen.engine.begin() as tx:
        tx.exec_driver_sql("DELETE FROM snack")
        tx.exec_driver_sql(f"ALTER TABLE snack ADD {constraint} CHECK (left_over >= 0)")


def test_more_popcorn_is_sold_than_there_is_without_the_guards(kitchen: Transactions, no_guards: None) -> None:
    """The negative control."""
    assert rush(kitchen) > 7
    assert snacks_left(kitchen)["popcorn"] < 0
    assert any("less than none" in breach for breach in kitchen.read(stock_adds_up))


def test_an_order_takes_all_its_snacks_or_none(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=5, nachos=1, pretzel=0)

    with pytest.raises(SnacksSoldOut) as refusal:
        kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2, nachos=2, pretzel=1)))

    assert refusal.value.about == {"skus": ["nachos", "pretzel"]}
    assert snacks_left(kitchen) == {"cola": 5, "nachos": 1, "pretzel": 0}


def test_crossed_orders_never_wait_for_each_other_for_ever(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=200, nachos=200)

    def buy(number: int) -> bool:
        both = {"cola": 1, "nachos": 1} if number % 2 else {"nachos": 1, "cola": 1}
        return reserve(kitchen, wanted(f"o{number}", **both))

    with ThreadPoolExecutor(AT_ONCE) as buyers:
        assert all(buyers.map(buy, range(BUYERS)))
    assert snacks_left(kitchen) == {"cola": 200 - BUYERS, "nachos": 200 - BUYERS}


def test_a_repeated_reservation_takes_nothing_more(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=5)
    first = kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))
    again = kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))

    assert [line._asdict() for line in first] == [line._asdict() for line in again]
    assert snacks_left(kitchen) == {"cola": 3}
    kitchen.run(lambda tx: reservations.release(tx, "a"))
    with pytest.raises(KitchenStepTaken):  # a late copy must not take what nobody would give back
        kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))
    assert snacks_left(kitchen) == {"cola": 5}


def test_a_copy_of_the_request_that_holds_the_last_popcorn_has_to_wait(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=1)
    kitchen.run(lambda tx: reservations.reserve(tx, {**wanted("a", popcorn=1), "purchase": "the same"}))

    with pytest.raises(RequestInProgress):
        kitchen.run(lambda tx: reservations.reserve(tx, {**wanted("b", popcorn=1), "purchase": "the same"}))
    with pytest.raises(SnacksSoldOut):
        kitchen.run(lambda tx: reservations.reserve(tx, wanted("c", popcorn=1)))


def test_a_copy_of_a_request_that_gave_the_last_popcorn_back_is_refused_as_sold_out(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=1)
    kitchen.run(lambda tx: reservations.reserve(tx, {**wanted("a", popcorn=1), "purchase": "the same"}))
    kitchen.run(lambda tx: reservations.release(tx, "a"))
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("another", popcorn=1)))

    with pytest.raises(SnacksSoldOut):  # waiting would not help
        kitchen.run(lambda tx: reservations.reserve(tx, {**wanted("b", popcorn=1), "purchase": "the same"}))


def test_snacks_off_the_menu_or_in_another_currency_are_not_sold(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=5)
    for request in (wanted("a", cola=1, wine=1), {**wanted("b", cola=1), "cinema_id": "elsewhere"},
                    {**wanted("c", cola=1), "currency": "CNY"}):
        with pytest.raises(SnacksUnknown):
            kitchen.run(lambda tx, r=request: reservations.reserve(tx, r))  # type: ignore[misc]
    assert snacks_left(kitchen) == {"cola": 5}


def test_snacks_given_back_twice_are_back_once(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=5)
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))

    assert [kitchen.run(lambda tx: reservations.release(tx, "a")) for _ in range(2)] == [True, False]
    assert kitchen.run(lambda tx: tickets.give_up(tx, "a"))
    assert snacks_left(kitchen) == {"cola": 5}
    assert kitchen.read(stock_adds_up) == []


def test_staff_set_the_stock(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, cola=5)
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))

    for _ in range(2):
        assert kitchen.run(lambda tx: staff.restock(tx, SAM, "kanal", "cola", 40))["left"] == 40

    assert kitchen.read(stock_adds_up) == []
    with pytest.raises(SnacksUnknown):
        kitchen.run(lambda tx: staff.restock(tx, SAM, "kanal", "wine", 1))


def test_a_menu_loaded_again_leaves_the_stock_as_it_is(kitchen: Transactions, tmp_path: Path) -> None:
    path = written(tmp_path, WITH_MENU)
    menu_import.load(menu_import.read(path), kitchen.engine)
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", cola=2)))

    written(tmp_path, WITH_MENU.replace("price: 300, stock: 20", "price: 330, stock: 90"))
    assert menu_import.load(menu_import.read(path), kitchen.engine) == "0 new, 2 as before or with new facts"

    cola = kitchen.read(lambda tx: stock.menu(tx, "kanal"))[0]
    assert (cola["price"], cola["left"]) == (330, 18)
    assert kitchen.read(stock_adds_up) == []


def test_an_unknown_order_can_not_be_given_up(kitchen: Transactions) -> None:
    with pytest.raises(UnknownKitchenOrder):
        kitchen.run(lambda tx: tickets.give_up(tx, "nobody"))


def test_a_lost_order_is_given_up_and_never_cooked(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    lost, body = {"cinema_id": "kanal", "version": 3}, paid("order1")["body"]
    late = {**body, "screening": {**body["screening"], "starts_at": START, "ends_at": None}}

    assert [kitchen.run(lambda tx: tickets.give_up(tx, "order1", lost)) for _ in range(2)] == [True, True]
    kitchen.run(lambda tx: tickets.take_up(tx, late, START))
    with pytest.raises(KitchenStepTaken):
        kitchen.run(lambda tx: reservations.reserve(tx, wanted("order1", popcorn=1)))

    [ticket] = kitchen.read(lambda tx: tx.exec_driver_sql("SELECT status, version FROM ticket").all())
    assert ticket == ("given_up", 4)  # later than the events written before it was lost
    assert snacks_left(kitchen) == {"popcorn": 5}
    assert kitchen.read(stock_adds_up) == []


def test_a_known_order_reported_as_lost_is_given_up_as_any_other(kitchen: Transactions) -> None:
    put_on_the_menu(kitchen, popcorn=5)
    kitchen.run(lambda tx: reservations.reserve(tx, wanted("a", popcorn=1)))

    assert kitchen.run(lambda tx: tickets.give_up(tx, "a", {"cinema_id": "kanal", "version": 0}))
    assert snacks_left(kitchen) == {"popcorn": 5}
