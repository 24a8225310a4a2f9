"""Orders at the largest price that a programme may have are sold, paid and refunded to the last unit."""

import json

from schemas.fields import LARGEST_PRICE
from testbed.mesh import Mesh, wait_until
from tests.drivers.orders import info, refunds
from tests.drivers.snack_orders import bought_and_paid, cook, menu


def dear_screening(mesh: Mesh) -> tuple[str, str]:
    """One whose seats all cost that, and its cinema; nobody has asked for it, so no room remembers other prices."""
    like = mesh.fresh_screening(200)
    [film] = mesh.rows("film", "SELECT prices, cinema_id FROM screening JOIN hall USING (hall_id) "
                               "WHERE screening_id = :s", s=like)
    mesh.rows("film", """
        INSERT INTO screening (screening_id, film_id, hall_id, starts_at, ends_at, local_date, currency, price_from,
                               prices)
        SELECT 'dear-screening', film_id, hall_id, starts_at + INTERVAL 99 DAY, ends_at + INTERVAL 99 DAY,
               local_date + INTERVAL 99 DAY, currency, :price, :prices FROM screening WHERE screening_id = :s""",
              s=like, price=LARGEST_PRICE, prices=json.dumps(dict.fromkeys(json.loads(film.prices), LARGEST_PRICE)))
    mesh.given_out.add("dear-screening")  # once it is empty again, it is for no other test
    mesh.wait_for_map("dear-screening")
    return "dear-screening", film.cinema_id


def test_an_order_at_the_largest_prices_is_sold_and_refunded(mesh: Mesh) -> None:
    screening, cinema = dear_screening(mesh)
    seats = list(mesh.seats(screening))[:8]
    sku = max(menu(mesh, cinema))
    [before] = mesh.rows("kitchen", "SELECT price FROM snack WHERE cinema_id = :c AND sku = :s", c=cinema, s=sku)
    set_price = "UPDATE snack SET price = :p WHERE cinema_id = :c AND sku = :s"
    mesh.rows("kitchen", set_price, p=LARGEST_PRICE, c=cinema, s=sku)
    try:
        token, order = bought_and_paid(mesh, screening, seats, (sku, 10))
    finally:
        mesh.rows("kitchen", set_price, p=before.price, c=cinema, s=sku)

    assert order["total"] == 18 * LARGEST_PRICE
    [account] = mesh.rows("payment", "SELECT amount, refunded FROM account WHERE order_id = :o", o=order["order_id"])
    assert tuple(account) == (18 * LARGEST_PRICE, 0)
    dry = mesh.post("/order/cancel_screening", mesh.staff(), screening_id=screening).json()
    assert dry["amount"] == 18 * LARGEST_PRICE
    cook(mesh, mesh.staff(), "start", order)
    mesh.post("/order/refund", token, order_id=order["order_id"])
    wait_until(lambda: info(mesh, token, order)["status"] == "refunded", 60, "the refund")
    assert refunds(mesh, order) == {"seats": (8 * LARGEST_PRICE, 0, "done"), "snacks": (0, 10 * LARGEST_PRICE, "done")}
    mesh.check_invariants()
