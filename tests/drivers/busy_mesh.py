"""The spans of a mesh on which people look around, buy, pay and sign in, one of them in trouble now and then."""

import random
from collections import defaultdict
from typing import Any

from tests.drivers.spans import MS, Fields, Trace, batch, request

SEATS = "INSERT INTO seat_claim (screening_id, seat_id, order_id) VALUES (?, ?, ?)"


def look_around(trace: Trace) -> None:
    """A buyer reads what is on, and the seats of a screening."""
    method, ms = trace.random.choice((("get_info_list", 9.0), ("get_hall_info", 6.0)))
    root = request(trace, f"/film/{method}", ms + 6, **_request_id(trace))
    film = trace.call("gateway", "film", method, ms, root, 1)
    trace.query("film", "SELECT screening.screening_id FROM screening WHERE starts_at >= ?", 2.2, film, 0.6)
    trace.query("film", "HGETALL", 0.7, film, 3.4, system="redis")


def buy(trace: Trace, fate: str = "paid") -> str:
    """A purchase; `fate`: paid, taken (the seats are sold already), or failed (the provider does not answer)."""
    order_id = f"01a1fd94{trace.random.getrandbits(96):024x}"
    about = {"marquee.order_id": order_id}
    root = request(trace, "/order/buy", 64, {"taken": 409, "failed": 503}.get(fate, 200), **_request_id(trace), **about)
    user = trace.call("gateway", "user", "authorize", 3.2, root, 0.8)
    trace.query("user", "SELECT token.user_id FROM token WHERE token_id = ?", 1.1, user)
    order = trace.call("gateway", "order", "buy", 46, root, 9)
    order["attributes"] |= about
    film = trace.call("order", "film", "get_snapshot", 5, order, 1)
    trace.query("film", "SELECT screening.price_from FROM screening WHERE screening_id = ?", 2, film)
    if fate == "taken":
        trace.query("order", "EVALSHA", 1.2, order, 11, system="redis")
        order["attributes"]["marquee.refusal"] = "seats_taken"
        return order_id
    kitchen = trace.call("order", "kitchen", "reserve", 7, order, 10)
    trace.query("kitchen", "UPDATE snack SET reserved = reserved + ? WHERE sku = ?", 2.4, kitchen)
    trace.query("order", "EVALSHA", 1.1, order, 20, system="redis")
    transaction = trace.add("order", "transaction", "internal", 15, order, 23)
    trace.query("order", "INSERT INTO orders (order_id, screening_id, status) VALUES (?, ?, ?)", 2.1, transaction)
    trace.query("order", SEATS, 2.8, transaction, 3.2)
    trace.query("order", "INSERT INTO outbox (event_id, type, about, body) VALUES (?, ?, ?, ?)", 1.4, transaction, 6.8)
    trace.query("order", "COMMIT", 3.1, transaction, 9.2)
    _pay(trace, root, order_id, fate)
    return order_id


def _pay(trace: Trace, root: Fields, order_id: str, fate: str) -> None:
    failed = {"status": "error"} if fate == "failed" else {}
    paying = trace.call("gateway", "order", "pay", 120, root, 70, **failed)
    payment = trace.call("order", "payment", "charge", 96, paying, 6, **failed)
    trace.query("payment", "INSERT INTO payment (payment_id, order_id, amount, status) VALUES (?, ?, ?, ?)", 2.6,
                payment)
    asked = trace.add("payment", "POST /v1/payment_intents", "client", 70, payment, 7, **failed, attributes={
        "http.request.method": "POST", "server.address": "api.stripe.com", "marquee.peer": "provider",
        "http.response.status_code": 503 if failed else 200})
    if failed:
        asked["events"] = [{"name": "exception", "at": asked["started_at"] + asked["duration"], "attributes": {
            "exception.type": "ProviderSilent", "exception.message": "no answer within 5 s"}}]
        return
    wallet = trace.call("payment", "wallet", "capture", 8, payment, 80)
    trace.query("wallet", "UPDATE account SET posted = posted - ? WHERE account_id = ?", 2.9, wallet)
    kitchen, loyalty, notification, office = trace.event(
        "order", "order.paid", {"kitchen": "prepare", "loyalty": "earn_points", "notification": "write",
                                "office": "note_refund"}, paying, 100, order_id)
    trace.query("kitchen", "INSERT INTO ticket (order_id, status) VALUES (?, ?)", 2.2, kitchen)
    trace.query("loyalty", "INSERT INTO entry (entry_id, user_id, points) VALUES (?, ?, ?)", 2.1, loyalty)
    trace.query("office", "INSERT INTO movement (source_id, refunded) VALUES (?, ?)", 2.1, office)
    trace.add("notification", "send mail", "client", 38, notification, 12,
              attributes={"marquee.peer": "smtp", "server.address": "mail.cinema.example"})


def overview(trace: Trace) -> None:
    """A member looks at the account, which asks four rooms at once."""
    root = request(trace, "/account/get_overview", 34, **_request_id(trace))
    account = trace.call("gateway", "account", "get_overview", 26, root, 1.5)
    for room, method in (("order", "get_upcoming"), ("loyalty", "get_standing"), ("wallet", "get_balance"),
                         ("user", "get_profile")):
        asked = trace.call("account", room, method, 9, account, 1.2)
        trace.query(room, f"SELECT {room}.user_id FROM {room} WHERE user_id = ?", 2.5, asked)


def _request_id(trace: Trace) -> dict[str, str]:
    return {"marquee.request_id": f"{trace.random.getrandbits(128):032x}"}


def busy_mesh(now: int, minutes: int = 15, seed: int = 7, count: int = 260) -> list[Fields]:
    """Batches of `count` traces over the last minutes before `now` (microseconds), as all rooms send them."""
    source = random.Random(seed)
    by_process: dict[tuple[str, str], list[Fields]] = defaultdict(list)
    for _ in range(count):
        trace = Trace(source, now - source.randrange(2 * 60_000 * MS // 60, minutes * 60_000 * MS),
                      slow=source.lognormvariate(0, 0.45))
        act = source.choices((look_around, overview, buy), (6, 2, 3))[0]
        if act is buy:
            buy(trace, source.choices(("paid", "taken", "failed"), (9, 2, 1))[0])
        else:
            act(trace)
        for room, made in trace.spans:
            by_process[room, f"cinema-1:{4100 + sum(map(ord, room)) + (source.random() < 0.4) * (room == 'order')}"] \
                .append(made)
    return [batch(room, *spans[at:at + 500], instance=instance)
            for (room, instance), spans in by_process.items() for at in range(0, len(spans), 500)]


def one_purchase(now: int, fate: str = "paid", seed: int = 3) -> tuple[list[Fields], Any]:
    """The batches of one purchase that began then, and its trace."""
    trace = Trace(random.Random(seed), now)
    buy(trace, fate)
    by_room: dict[str, list[Fields]] = defaultdict(list)
    for room, made in trace.spans:
        by_room[room].append(made)
    return [batch(room, *spans) for room, spans in by_room.items()], trace
