"""Every write of staff and operators ends as an entry of the log, whichever room it happens in."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nameko
import pytest
from click.testing import CliRunner

from services.foundation.database import utc_now
from services.foundation.marked_yaml import read
from testbed.mesh import ROOT, Mesh, wait_until
from tests.contracts.staff_writes import COMMANDS, WRITES, WRITING_COMMANDS
from tests.drivers.orders import buy, choose, start, status_of
from tests.drivers.snack_orders import SKU, bought_and_paid, cook, restock, snacks_left
from tests.drivers.wallets import fill, user_of


@dataclass
class House:
    """A cinema with something to do in it."""

    mesh: Mesh
    folder: Path
    manager: str
    screening: str
    cinema: str
    cooked: dict[str, Any]      # a paid order with snacks
    username: str

    def command(self, name: str, *arguments: str, line: str = "") -> None:
        with nameko.config.patch(self.mesh.settings, clear=True):
            done = CliRunner().invoke(COMMANDS[name], arguments, input=line + "\n", catch_exceptions=False)
        assert done.exit_code == 0, done.output

    @property
    def user_id(self) -> str:
        [row] = self.mesh.rows("user", "SELECT user_id FROM user WHERE username = :n", n=self.username)
        return str(row.user_id)


@pytest.fixture(scope="module")
def house(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> House:
    screening = mesh.fresh_screening(320)
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"]
    _, cooked = bought_and_paid(mesh, screening, list(mesh.seats(screening))[:1], (SKU, 1))
    return House(mesh, tmp_path_factory.mktemp("programme"), mesh.staff(), screening, cinema, cooked,
                 f"Ada.{secrets.token_hex(4)}")


def cooking(step: str) -> Callable[[House], str]:
    def write(house: House) -> str:
        assert cook(house.mesh, house.manager, step, house.cooked)[0] == 200
        return str(house.cooked["order_id"])

    return write


def undone(house: House) -> str:
    reply = house.mesh.post("/kitchen/undo", house.manager, order_id=house.cooked["order_id"], status="collected")
    assert reply.status_code == 200, reply.text
    return str(house.cooked["order_id"])


def restocked(house: House) -> str:
    restock(house.mesh, house.manager, house.cinema, snacks_left(house.mesh, house.cinema) + 1)
    return SKU


def cancelled(house: House) -> str:
    """An empty screening; there is a test below of one with orders."""
    screening = house.mesh.fresh_screening(40)
    cancel(house, screening)
    return screening


def cancel(house: House, screening: str) -> None:
    reply = house.mesh.post("/order/cancel_screening", house.manager, screening_id=screening, dry_run=False,
                            reason="broken")
    assert reply.status_code == 200, reply.text


def queue_changed(to: str) -> Callable[[House], str]:
    def write(house: House) -> str:
        reply = house.mesh.post(f"/order/{to}_queue", house.manager, screening_id=house.screening, reason="a premiere")
        assert reply.status_code == 200, reply.text
        return house.screening

    return write


def at_the_door(method: str) -> Callable[[House], str]:
    """The ticket of the order with snacks, whose film begins in a moment."""
    def write(house: House) -> str:
        order_id = house.cooked["order_id"]
        soon = "UPDATE orders SET starts_at = UTC_TIMESTAMP() + INTERVAL 1 MINUTE WHERE order_id = :o"
        house.mesh.rows("order", soon, o=order_id)
        [row] = house.mesh.rows("order", "SELECT ticket_id, code FROM ticket WHERE order_id = :o", o=order_id)
        reply = house.mesh.post(f"/order/{method}", house.manager, code=row.code, nonce="a-scan")
        assert reply.status_code == 200, reply.text
        assert reply.json()["ticket"] == row.ticket_id
        return str(row.ticket_id)

    return write


def account(name: str, *options: str, line: str = "") -> Callable[[House], str]:
    def write(house: House) -> str:
        house.command(name, *options, house.username, line=line)
        return house.user_id

    return write


def loaded(house: House) -> str:
    """The demo programme, in which one film has another director for a moment."""
    demo = ROOT / "programme" / "demo.yml"
    film = next(each for each in read(demo).data["films"] if "director" in each)
    changed = house.folder / "changed.yml"
    changed.write_text(demo.read_text().replace(film["director"], "Somebody Else", 1))
    for file in (demo, changed, demo):
        house.command("load", str(file))
    return str(film["id"])


def reviewed(house: House) -> str:
    """A payment of which the provider has recorded another amount."""
    mesh, ada = house.mesh, house.mesh.buyer()
    free = [seat for seat, state in mesh.seats(house.screening).items() if state == "free"]
    order = buy(mesh, ada, house.screening, free[:1])
    paying = start(mesh, ada, order)
    payment_id = str(paying["payment"]["payment_id"])
    mesh.rows("payment", "UPDATE sandbox_charge SET amount = amount + 1 WHERE payment_id = :p", p=payment_id)
    choose(mesh, paying, "pay")
    wait_until(lambda: status_of(mesh, order) == "review", 60, "the review")
    house.command("review", "decide", str(order["order_id"]), "release", "--because", "a test", "--yes")
    return payment_id


def administered(method: str, **fields: Any) -> Callable[[House], str]:
    """An admin's write about the account that the commands have made."""
    def write(house: House) -> str:
        admin = house.mesh.buyers(1, '["admin"]')[0]
        reply = house.mesh.post(f"/user/{method}", admin, user_id=house.user_id, **fields)
        assert reply.status_code == 200, reply.text
        return house.user_id

    return write


def adjusted(house: House) -> str:
    reply = house.mesh.post("/wallet/adjust", house.manager, user_id=house.user_id, amount=500, currency="EUR",
                            reason="the projector failed")
    assert reply.status_code == 200, reply.text
    return house.user_id


def factor_reset(house: House) -> str:
    house.mesh.rows("user", "INSERT INTO second_factor (user_id, secret, since) VALUES (:u, '', UTC_TIMESTAMP())",
                    u=house.user_id)
    return account("account reset-second-factor")(house)


EXAMPLE_WRITES: dict[str, Callable[[House], str]] = {
    "kitchen.start": cooking("start"), "kitchen.finish": cooking("finish"), "kitchen.hand_over": cooking("hand_over"),
    "kitchen.undo": undone, "kitchen.restock": restocked, "order.cancel_screening": cancelled,
    "order.open_queue": queue_changed("open"), "order.close_queue": queue_changed("close"),
    "order.admit": at_the_door("admit"), "order.undo_admission": at_the_door("undo_admission"),
    "account.create": account("account create", "--role", "cook", line="a long sentence is a good password"),
    "account.grant": account("account grant", "--role", "usher"),
    "account.revoke": account("account revoke", "--role", "cook"),
    "account.password": account("account password", line="another sentence is a good password"),
    "account.reset-second-factor": factor_reset,
    "user.grant": administered("grant", role="cashier"), "user.withdraw": administered("withdraw", role="cashier"),
    "user.save": administered("save", display_name="Ada"), "wallet.adjust": adjusted,
    "user.remove": administered("remove", reason="has left"), "load": loaded, "review.decide": reviewed,
}


def test_the_table_is_complete() -> None:
    assert set(EXAMPLE_WRITES) == {f"{method.room}.{method.name}" for method in WRITES} | {
        command.replace(" ", ".") for command in WRITING_COMMANDS}


def test_every_write_is_logged(house: House) -> None:
    began = utc_now().isoformat()   # other tests have restocked that snack before, or loaded that film
    done = {method: write(house) for method, write in EXAMPLE_WRITES.items()}
    admin = house.mesh.buyers(1, '["admin"]')[0]

    def entries(method: str) -> list[dict[str, Any]]:
        reply = house.mesh.get("/office/get_log", admin, method=method, about=done[method], **{"from": began})
        assert reply.status_code == 200, reply.text
        return list(reply.json()["entries"])

    for method in done:
        wait_until(lambda method=method: entries(method), 60, f"{method} to be logged")  # type: ignore[misc]
    logged = {method: entries(method)[-1] for method in done}
    assert [name for name, entry in logged.items() if entry["before"] == entry["after"]] == []
    assert logged["order.cancel_screening"]["reason"] == "broken"
    assert logged["review.decide"]["reason"] == "a test"
    assert logged["account.grant"]["after"] == {"roles": ["cook", "usher"]}
    assert (logged["account.grant"]["actor"], logged["account.grant"]["actor_id"]) == ("operations account grant", None)
    assert "sentence" not in json.dumps(logged)


def test_the_money_of_a_cancelled_screening_is_the_money_in_the_log(house: House) -> None:
    mesh, began = house.mesh, utc_now().isoformat()
    screening = mesh.fresh_screening(320)
    cinema = mesh.get("/film/get_hall_info", screening_id=screening).json()["screening"]["cinema"]["cinema_id"]
    _, with_snacks = bought_and_paid(mesh, screening, list(mesh.seats(screening))[:1], (SKU, 1))
    _, cooked = bought_and_paid(mesh, screening, list(mesh.seats(screening))[1:2], (SKU, 2))
    assert cook(mesh, house.manager, "start", cooked)[0] == 200
    orders = {order["order_id"]: order["total"] for order in (with_snacks, cooked)}
    manager = mesh.buyers(1, json.dumps([f"manager@{cinema}"]))[0]

    cancel(house, screening)
    for order_id in orders:
        wait_until(lambda order_id=order_id: status_of(mesh, order_id) == "refunded", 60, "the money")  # type: ignore[misc]

    def in_the_log() -> dict[str, int]:
        found: dict[str, int] = {}
        for order_id in orders:
            reply = mesh.get("/office/get_log", manager, about=order_id, method="order.cancel_screening").json()
            found[order_id] = -sum(entry["money"]["amount"] for entry in reply["entries"])
        return found

    def differences() -> set[str]:
        reply = mesh.get("/office/reconcile", manager, **{"from": began, "to": utc_now().isoformat()}).json()
        return {difference["source_id"] for difference in reply["differences"]} & set(orders)

    wait_until(lambda: in_the_log() == orders and not differences(), 60, "the log to have the money")
    mesh.rows("office", "UPDATE movement SET refunded = refunded + 1 WHERE source_id = :o", o=cooked["order_id"])
    assert differences() == {cooked["order_id"]}
    mesh.rows("office", "UPDATE movement SET refunded = refunded - 1 WHERE source_id = :o", o=cooked["order_id"])


def test_the_money_of_an_adjusted_wallet_is_the_money_in_the_log(mesh: Mesh) -> None:
    member, began = mesh.buyer(), utc_now().isoformat()
    fill(mesh, member, 500)
    [row] = mesh.rows("wallet", "SELECT source_id FROM transfer WHERE user_id = :u", u=user_of(mesh, member))

    def rows(table: str) -> int:
        return len(mesh.rows("office", f"SELECT * FROM {table} WHERE source_id = :s", s=row.source_id))

    def difference() -> list[tuple[str, int, int]]:
        reply = mesh.get("/office/reconcile", mesh.staff(), **{"from": began, "to": utc_now().isoformat()}).json()
        return [(each["kind"], each["logged"], each["moved"]) for each in reply["differences"]
                if each["source_id"] == row.source_id]

    wait_until(lambda: rows("entry") == rows("movement") == 1, 20, "the office room to hear of both")
    assert difference() == []
    mesh.rows("office", "UPDATE movement SET refunded = refunded + 1 WHERE source_id = :s", s=row.source_id)
    assert difference() == [("other_amount", -500, -501)]
    mesh.rows("office", "UPDATE movement SET refunded = refunded - 1 WHERE source_id = :s", s=row.source_id)
