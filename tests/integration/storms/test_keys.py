"""Many Idempotency-Keys, each sent several times at once: every key has one effect and one answer."""

import random
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from sqlalchemy import text

from testbed.crowd import Answer, Request, all_at_once
from testbed.mesh import Mesh, wait_until
from tests.sizes import Size

pytestmark = pytest.mark.alone
COPIES, AT_ONCE = 10, 300


def ask_at_once(mesh: Mesh, seed: int, asked: list[Request],
                copies_each: int = COPIES) -> dict[Request, dict[str, Any]]:
    """Each request's answer: the same every time, or a request to come back in a moment."""
    port, told, dice = int(mesh.environment["MARQUEE_PORT"]), defaultdict(list), random.Random(seed)
    for start in range(0, len(asked), AT_ONCE // copies_each):  # all copies of a key together
        copies = asked[start:start + AT_ONCE // copies_each] * copies_each
        dice.shuffle(copies)
        for request, answer in zip(copies, all_at_once(port, copies), strict=True):
            told[request].append(answer)
    return {request: the_one_answer(mesh, request, answers) for request, answers in told.items()}


def the_one_answer(mesh: Mesh, request: Request, answers: list[Answer]) -> dict[str, Any]:
    told = {(answer.status, answer.body.get("code")) for answer in answers}
    assert told <= {(200, None), (409, "request_in_progress")}

    def settled() -> requests.Response | None:
        reply = mesh.post(request.path, request.token, request.key, **request.fields)
        assert reply.status_code == 200, reply.text
        return None if reply.json().get("status") == "refunding" else reply

    last = wait_until(settled, 60, "the money to go back")
    for answer in answers:
        if answer.status == 200:
            # A refund is answered before its money is back; a later answer says that it is.
            on_its_way = answer.body.get("status") == "refunding" and last.json()["status"] == "refunded"
            assert (answer.body | {"status": "refunded"} if on_its_way else answer.body) == last.json()
    return dict(last.json())


def test_every_step_of_an_order_happens_once_per_key(mesh: Mesh, size: Size, seed: int,
                                                     record_property: Callable[[str, object], None]) -> None:
    screening = mesh.fresh_screening(320)
    seats, buyers = list(mesh.seats(screening))[:size.keys], mesh.buyers(size.keys)

    buying = [request("/order/buy", token, screening_id=screening, seats=[seat])
              for token, seat in zip(buyers, seats, strict=True)]
    bought = ask_at_once(mesh, seed, buying)
    orders = {each["order_id"]: each for each in bought.values()}
    assert count(mesh, "order", "SELECT COUNT(*) FROM orders WHERE screening_id = :s", s=screening) == size.keys
    assert len(orders) == size.keys

    for kind, fields in (("pay", {"method": "sandbox"}), ("refund", {})):
        asked = [request(f"/order/{kind}", each.token, order_id=bought[each]["order_id"], **fields) for each in buying]
        told = ask_at_once(mesh, seed, asked)
        assert {reply["status"] for reply in told.values()} == {{"pay": "paid", "refund": "refunded"}[kind]}

    mine = "SELECT COUNT(*) FROM {} WHERE order_id IN (SELECT order_id FROM orders WHERE screening_id = :s)"
    assert count(mesh, "order", mine.format("ticket"), s=screening) == size.keys
    assert count(mesh, "order", mine.format("refund"), s=screening) == size.keys
    charges = [row for row in mesh.rows("payment", "SELECT order_id, amount, refunded FROM sandbox_charge "
                                                   "WHERE status = 'captured'") if row.order_id in orders]
    assert sorted((row.order_id, row.amount, row.refunded) for row in charges) == sorted(
        (order_id, order["total"], order["total"]) for order_id, order in orders.items())
    record_property("tried", f"{3 * size.keys} keys sent {COPIES} times each")
    mesh.check_invariants()


def test_an_order_is_cancelled_once_per_key(mesh: Mesh, size: Size, seed: int) -> None:
    screening = mesh.fresh_screening(320)
    seats, buyers = list(mesh.seats(screening)), mesh.buyers(size.keys // 4)
    bought = [mesh.post("/order/buy", token, screening_id=screening, seats=[seat]).json()
              for token, seat in zip(buyers, seats, strict=False)]

    told = ask_at_once(mesh, seed, [request("/order/cancel", token, order_id=order["order_id"])
                                      for token, order in zip(buyers, bought, strict=True)])

    assert {reply["status"] for reply in told.values()} == {"cancelled"}
    mesh.check_invariants()


def test_copies_of_one_registration_are_never_told_that_the_name_is_taken(mesh: Mesh, size: Size, seed: int) -> None:
    names = [f"copied{number}at{mesh.environment['MARQUEE_PORT']}" for number in range(size.keys // 8)]

    # A copy counts as an attempt to sign in, and the tenth at once would be told to wait.
    told = ask_at_once(mesh, seed, [
        Ask("/user/register", mesh.buyer(), {"username": name, "password": "correct horse"}, f"register-{name}")
        for name in names], copies_each=8)

    assert sorted(reply["username"] for reply in told.values()) == sorted(names)


def test_a_copy_that_looked_before_the_first_was_committed_gets_the_answer_of_the_first(mesh: Mesh) -> None:
    name = f"copied-at-{mesh.environment['MARQUEE_PORT']}"
    registration = Ask("/user/register", mesh.buyer(), {"username": name, "password": "correct horse"}, name)
    [told] = all_at_once(int(mesh.environment["MARQUEE_PORT"]), [registration])
    conditions = {"user": "folded = :n", "idempotency_key": "idempotency_key = :n"}
    rows = {table: dict(mesh.rows("user", f"SELECT * FROM {table} WHERE {which}", n=name)[0]._mapping)
            for table, which in conditions.items()}
    del rows["user"]["is_admin"]   # which MariaDB computes
    for table in ("search_gram", "search_text"):
        mesh.rows("user", f"DELETE FROM {table} WHERE user_id = :u", u=rows["user"]["user_id"])
    for table, which in conditions.items():
        mesh.rows("user", f"DELETE FROM {table} WHERE {which}", n=name)

    def waits() -> bool:
        return any(statement.startswith("INSERT INTO user ") for statement in mesh.room_statements("user"))

    with mesh.engine("user").connect() as first, ThreadPoolExecutor(1) as asking:
        for table, row in rows.items():  # the first has written all its rows, and comes to its COMMIT
            first.execute(text(f"INSERT INTO {table} ({', '.join(row)}) "
                               f"VALUES ({', '.join(f':{column}' for column in row)})"), row)
        second = asking.submit(all_at_once, int(mesh.environment["MARQUEE_PORT"]), [registration])
        wait_until(waits, what="the second to wait for the first")
        first.commit()

    assert second.result() == [told]
    assert told.status == 200


def test_another_request_under_a_used_key_is_refused_every_time(mesh: Mesh, size: Size) -> None:
    screening = mesh.fresh_screening(320)
    seats, buyers = list(mesh.seats(screening)), mesh.buyers(size.keys // 4)
    first = [request("/order/buy", token, screening_id=screening, seats=[seat])
             for token, seat in zip(buyers, seats, strict=False)]
    other = [request("/order/buy", token, screening_id=screening, seats=[seat])
             for token, seat in zip(buyers, seats[100:], strict=False)]
    port = int(mesh.environment["MARQUEE_PORT"])
    assert {answer.status for answer in all_at_once(port, first)} == {200}

    refused = all_at_once(port, other)

    assert {(answer.status, answer.body["code"]) for answer in refused} == {(422, "key_reused")}
    assert count(mesh, "order", "SELECT COUNT(*) FROM orders WHERE screening_id = :s", s=screening) == len(buyers)


def request(path: str, token: str, **fields: Any) -> "Ask":
    return Ask(path, token, fields, f"key-of-{token[:16]}")


class Ask(Request):
    """A request that can be the key of a dictionary."""

    def __hash__(self) -> int:
        return hash((self.path, self.token))


def count(mesh: Mesh, room: str, query: str, **values: Any) -> int:
    return int(mesh.rows(room, query, **values)[0][0])
