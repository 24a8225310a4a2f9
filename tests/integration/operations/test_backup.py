"""A backup that is made while tickets are sold goes on selling elsewhere, and nothing that was acknowledged is lost."""

import base64
import dataclasses
import errno
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import nameko
import pytest
from click.testing import CliRunner
from kombu import Connection

from operations.maintenance import backup as backing_up
from operations.maintenance import restore
from operations.maintenance.backup import backup_command
from operations.maintenance.empty_machine import waiting_messages
from operations.maintenance.restore import restore_command
from operations.mesh import Mesh as OperatedMesh
from services.foundation import migrate
from services.order.tickets import codes
from testbed.mesh import Mesh, private_environment, wait_until
from tests.drivers.commands import command
from tests.drivers.orders import buy, choose, info, pay, start, status_of
from tests.drivers.snack_orders import SKU, wait_for_step
from tests.sizes import Size

at_full_size = pytest.mark.full_size("integration/operations/test_backup.py")


@dataclass
class Sale:
    """Orders of a hall, in the order in which their buyers were told of them: (token, order)."""

    screening: str
    seats: list[str]
    told: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def sell_on(self, mesh: Mesh, over: Event) -> None:
        """Sell seat after seat until it is over; every other order is paid."""
        mesh = dataclasses.replace(mesh)  # with an HTTP session of its own
        for number, token in enumerate(mesh.buyers(60)):
            if over.is_set() or not self.seats:
                return
            order = buy(mesh, token, self.screening, [self.seats.pop()])
            self.told.append((token, order))
            if number % 2 == 0:
                pay(mesh, token, order)


@dataclass
class Backup:
    """A backup made during a sale, and what had been told to buyers before it began."""

    folder: Path
    screening: str
    before: list[tuple[str, dict[str, Any]]]
    paid: tuple[str, dict[str, Any]]
    popcorn: tuple[str, dict[str, Any]]   # paid, and the kitchen had not heard of it
    paying: tuple[str, dict[str, Any]]    # at the provider's page, and captured after the backup


@contextmanager
def selling(mesh: Mesh, sale: Sale) -> Iterator[None]:
    over = Event()
    with ThreadPoolExecutor(2) as threads:
        sellers = [threads.submit(sale.sell_on, mesh, over) for _ in range(2)]
        try:
            yield
        finally:
            over.set()
    for seller in sellers:
        seller.result()


@pytest.fixture(scope="module")
def backup(mesh: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    folder, screening = tmp_path_factory.mktemp("backups") / "monday", mesh.fresh_screening(200)
    sale = Sale(screening, list(mesh.seats(screening))[:140])
    token = mesh.buyer()
    paid = buy(mesh, token, screening, [sale.seats.pop(), sale.seats.pop()])
    pay(mesh, token, paid)
    guest, hungry = mesh.buyers(2)
    paying = buy(mesh, guest, screening, [sale.seats.pop()])
    at_page = start(mesh, guest, paying)
    popcorn = buy(mesh, hungry, screening, [sale.seats.pop()], (SKU, 1))
    with mesh.paused("kitchen"):
        pay(mesh, hungry, popcorn)
        wait_until(lambda: not mesh.rows("order", "SELECT 1 FROM outbox WHERE published_at IS NULL AND about = :o",
                                         o=popcorn["order_id"]), what="the event to be published")
        with selling(mesh, sale):
            wait_until(lambda: len(sale.told) > 6, what="some sales")
            before = list(sale.told)
            mesh.operate("backup", str(folder))
            assert len(sale.told) > len(before), "nothing was sold during the backup"
        choose(mesh, at_page, "pay")
        wait_until(lambda: status_of(mesh, paying) == "paid", what="the payment after the backup")
    return Backup(folder, screening, before, (token, paid), (hungry, popcorn), (guest, paying))


@pytest.fixture(scope="module")
def empty(ground: Mesh, size: Size, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """Another mesh, which never ran: on servers of its own at full size, else beside the first one on its servers."""
    folder = tmp_path_factory.mktemp("elsewhere")
    environment = private_environment(folder, **{
        name: value for name, value in ground.environment.items()
        if name.startswith("MARQUEE_") and not name.endswith(("_PORT", "_RUN"))})
    if size.second_servers:
        empty = Mesh(folder, environment)
        empty.operate("start", "--servers-only")
    else:
        shared = {name: ground.environment[name] for name in ("MARQUEE_AMQP_PORT", "MARQUEE_REDIS_PORT",
                                                              "MARQUEE_DB_PORT")}
        empty = Mesh(folder, environment | shared | {"MARQUEE_AMQP_VHOST": "elsewhere", "MARQUEE_REDIS_DB": "2",
                                                     "MARQUEE_DB_SUFFIX": "_elsewhere"})
        add_virtual_host(ground, folder, "elsewhere")
    try:
        yield empty
    finally:
        empty.operate("stop", check=False)


def add_virtual_host(ground: Mesh, folder: Path, name: str) -> None:
    definitions = folder / "definitions.json"
    definitions.write_text(json.dumps({"vhosts": [{"name": name}], "permissions": [
        {"user": "marquee", "vhost": name, "configure": ".*", "write": ".*", "read": ".*"}]}))
    ground.operate("broker", "import_definitions", str(definitions))


def refusal(mesh: Mesh, *arguments: object) -> str:
    """The sentence with which `restore` is refused."""
    done = command(mesh, "restore", *map(str, arguments))
    assert done.exit_code == 1, done.output
    assert done.output.count("\n") == 1, done.output
    return done.output


def empty_queues(mesh: Mesh) -> None:
    with nameko.config.patch(mesh.settings, clear=True), Connection(mesh.settings["AMQP_URI"]) as connection:
        waiting = waiting_messages(OperatedMesh(mesh.settings))
        for queue in [name for name, messages in waiting.items() if messages]:
            connection.default_channel.queue_purge(queue)


# --- backing up ---


def test_a_backup_is_readable_by_its_owner_only_and_says_what_is_secret(backup: Backup) -> None:
    assert backup.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in backup.folder.iterdir()} == dict.fromkeys(
        ("manifest.json", "mariadb.sql.gz", "ticket.key", "config.yml", "environment"), 0o600)
    made = json.loads((backup.folder / "manifest.json").read_text())
    assert {name for name, file in made["files"].items() if file["secret"]} == {
        "mariadb.sql.gz", "ticket.key", "environment"}
    assert made["rooms"]["order"] == {"schema": "marquee_order_mesh",
                                      "revision": made["rooms"]["order"]["revision"]}
    assert list(backup.folder.parent.iterdir()) == [backup.folder]


def test_a_backup_is_written_into_an_empty_folder_only(mesh: Mesh, backup: Backup, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    for folder, sentence in ((backup.folder, "is not an empty folder."), (tmp_path, "is not an empty folder."),
                             (tmp_path / "notes", "is not an empty folder."),
                             (tmp_path / "a" / "b", f"There is no folder {tmp_path / 'a'}.")):
        done = CliRunner().invoke(backup_command, [str(folder)], obj=OperatedMesh(mesh.settings))
        assert (done.exit_code, done.output.count("\n")) == (1, 1)
        assert sentence in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


def test_a_backup_that_fails_leaves_nothing_behind(mesh: Mesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(backing_up, "dump", full_disk)
    with nameko.config.patch(mesh.settings, clear=True):
        done = CliRunner().invoke(backup_command, [str(tmp_path / "new")], obj=OperatedMesh(mesh.settings))
    assert (done.exit_code, done.output) == (
        1, "The backup could not be written: [Errno 28] No space left on device.\n")
    assert list(tmp_path.iterdir()) == []


# --- restoring ---


@pytest.fixture(scope="module")
def refilled(empty: Mesh, backup: Backup) -> Mesh:
    """The other mesh after the restore, without any room."""
    done = command(empty, "restore", str(backup.folder))
    assert done.exit_code == 0, done.output
    return empty


@pytest.fixture(scope="module")
def restored(refilled: Mesh, backup: Backup, mesh: Mesh) -> Mesh:
    """The other mesh with its rooms; the provider knows what it was paid since the backup."""
    empty = refilled
    [charge] = mesh.rows("payment", "SELECT status FROM sandbox_charge WHERE order_id = :o",
                         o=backup.paying[1]["order_id"])
    empty.rows("payment", "UPDATE sandbox_charge SET status = :s WHERE order_id = :o", s=charge.status,
               o=backup.paying[1]["order_id"])
    popcorn = {"o": backup.popcorn[1]["order_id"]}
    [order] = empty.rows("order", "SELECT status FROM orders WHERE order_id = :o", **popcorn)
    [ticket] = empty.rows("kitchen", "SELECT status FROM ticket WHERE order_id = :o", **popcorn)
    assert (order.status, ticket.status) == ("paid", "reserved"), "the event had not waited in a queue"
    empty.operate("start")
    command(empty, "reconcile")
    return empty


def test_a_restore_refuses_what_it_should_not_touch(empty: Mesh, mesh: Mesh, backup: Backup, tmp_path: Path) -> None:
    assert "These rooms run: " in refusal(mesh, backup.folder)
    assert "Consumers remember events for 29 days at most" in refusal(empty, backup.folder, "--publish-again", "700")

    newer = shutil.copytree(backup.folder, tmp_path / "newer")
    manifest = json.loads((newer / "manifest.json").read_text())
    manifest["rooms"]["film"]["revision"] = "9999"
    (newer / "manifest.json").write_text(json.dumps(manifest))
    assert "the film room at revision 9999, which this version does not know" in refusal(empty, newer)

    with nameko.config.patch(empty.settings, clear=True), restore.alone():
        assert refusal(empty, backup.folder) == "Another restore is under way.\n"

    empty.redis.set("seats:{old}", "1")
    assert "has data already" in refusal(empty, backup.folder)
    empty.redis.flushdb()

    (empty.folder / "ticket.key").write_text("another")
    assert "has other ticket keys than the backup" in refusal(empty, backup.folder)
    (empty.folder / "ticket.key").unlink()

    queue = "order.paid:kitchen.take_up"
    with Connection(empty.settings["AMQP_URI"]) as connection:
        waiting = connection.SimpleQueue(queue)
        waiting.put("a later event")
        assert f"has 1 events already, in {queue}." in refusal(empty, backup.folder)
        waiting.queue.delete()


@pytest.mark.parametrize("step", ["load", pytest.param("prepare", marks=at_full_size)])
def test_nothing_starts_on_half_a_restore_which_can_be_repeated(empty: Mesh, backup: Backup, step: str,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, nameko.config.patch(empty.settings, clear=True):
        patched.setattr(restore, step, die)
        done = CliRunner().invoke(restore_command, [str(backup.folder)], obj=OperatedMesh(empty.settings))
    assert done.exit_code == 1
    with nameko.config.patch(empty.settings, clear=True), pytest.raises(migrate.SchemaRefused, match="not restored"):
        migrate.upgrade("film")


def test_a_restore_brings_back_every_order_and_ticket(refilled: Mesh, backup: Backup) -> None:
    for _, order in [*backup.before, backup.paid, backup.popcorn, backup.paying]:
        [found] = refilled.rows("order", "SELECT seats FROM orders WHERE order_id = :o", o=order["order_id"])
        assert {seat["seat_id"] for seat in json.loads(found.seats)} == {seat["seat_id"] for seat in order["seats"]}
    assert refilled.rows("order", "SELECT ticket_id FROM ticket WHERE order_id = :o", o=backup.paid[1]["order_id"])


def test_a_machine_with_tables_is_not_restored_onto(refilled: Mesh, backup: Backup) -> None:
    assert "There are tables already (film, " in refusal(refilled, backup.folder)


@at_full_size
def test_all_that_was_told_before_the_backup_is_there(restored: Mesh, backup: Backup) -> None:
    for token, order in [*backup.before, backup.paid, backup.popcorn, backup.paying]:
        assert info(restored, token, order)["seats"] == order["seats"]
    restored.check_invariants()


@at_full_size
def test_a_ticket_sold_before_verifies(restored: Mesh, mesh: Mesh, backup: Backup) -> None:
    token, order = backup.paid
    keys = {key["key_id"]: base64.urlsafe_b64decode(key["public_key"] + "=")
            for key in restored.get("/order/get_ticket_keys").json()["keys"]}
    sold = info(mesh, token, order)["tickets"]
    assert [codes.read(ticket["code"], keys).seat_id for ticket in sold] == [
        seat["seat_id"] for seat in order["seats"]]
    assert info(restored, token, order)["tickets"] == sold


@at_full_size
def test_an_event_that_waited_in_a_queue_is_handled_once(restored: Mesh, backup: Backup) -> None:
    wait_for_step(restored, *backup.popcorn, "new")
    twice = "SELECT event_id FROM message GROUP BY event_id, kind HAVING COUNT(*) > 1"
    assert restored.rows("notification", twice) == []


@at_full_size
def test_money_that_was_taken_after_the_backup_pays_its_order(restored: Mesh, backup: Backup) -> None:
    wait_until(lambda: status_of(restored, backup.paying[1]) == "paid", what="the order to be paid")


@at_full_size
def test_the_seat_map_is_rebuilt(restored: Mesh, backup: Backup) -> None:
    restored.wait_for_map(backup.screening)
    shown = restored.seats(backup.screening)
    assert {shown[seat["seat_id"]] for seat in backup.paid[1]["seats"]} == {"sold"}


@at_full_size
def test_a_machine_with_data_is_not_restored_onto(restored: Mesh, backup: Backup) -> None:
    assert "These rooms run: " in refusal(restored, backup.folder)
    restored.supervisor.stop(*restored.supervisor.programs() - {"rabbitmq", "mariadb", "redis"})
    restored.redis.flushdb()
    empty_queues(restored)  # events go on after the last answer, and may have met a stopped room
    assert "There are tables already (film, " in refusal(restored, backup.folder)
