"""An operator takes the schema of a room back, and nothing of what was sold is harmed."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import nameko
import pytest
from click.testing import CliRunner, Result
from kombu import Connection
from sqlalchemy import Engine, text

from operations.maintenance import migrate_command as migrate_module
from operations.maintenance.migrate_command import migrate_command
from operations.mesh import Mesh as OperatedMesh
from services.foundation import migrate
from services.order.models import Base
from testbed.mesh import Mesh
from tests.drivers.room_tables import emptied

SOLD = """
INSERT INTO orders (order_id, buyer_id, screening_id, board_owner, status, version, seats, snacks, total, refunded,
    revived, end_reason, currency, film_title, cinema_id, cinema_name, hall_name, starts_at, starts_offset, time_zone,
    ends_at, refund_tiers, created_at, expires_at, changed_at, kitchen_sequence)
VALUES ('o1', 'ada', 'film-1', 'own', 'paid', 3, '[{"seat_id": "A1"}]', '[]', 2500, 700, 0, NULL, 'EUR', 'Arrival',
    'kanal', 'Kino', 'Saal 1', '2026-05-01 18:00', 120, 'Europe/Berlin', '2026-05-01 20:00',
    '[{"until": "2026-05-01T17:10:00+00:00", "percent": 100, "fee": 0}]', '2026-04-01', '2026-04-01', '2026-04-02', 0);
INSERT INTO seat_claim VALUES ('film-1', 'A1', 'o1', 'SOLD');
INSERT INTO ticket (ticket_id, order_id, screening_id, seat_id, code, status)
VALUES ('t1', 'o1', 'film-1', 'A1', CONCAT('M1.', REPEAT('x', 80)), 'valid');
INSERT INTO refund (refund_id, order_id, amount, kept, to_wallet, reason, currency, status, requested_at, ask_again_at)
VALUES ('r1', 'o1', 700, 0, 0, 'asked', 'EUR', 'done', '2026-04-02', '2026-04-02')
"""
KEPT = ("SELECT order_id, buyer_id, orders.status, orders.seats, total, refunded, refund_tiers, seat_id, state, code, "
        "amount, refund.status AS refund_status FROM orders JOIN seat_claim USING (order_id, screening_id) "
        "JOIN ticket USING (order_id, screening_id, seat_id) JOIN refund USING (order_id)")


@pytest.fixture(scope="module")
def apart(servers: Mesh, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """A mesh with schemas of its own and without processes."""
    own = {"MARQUEE_DB_SUFFIX": "_back", "MARQUEE_RUN": str(tmp_path_factory.mktemp("run"))}
    apart = dataclasses.replace(servers, environment=servers.environment | own)
    with nameko.config.patch(apart.settings, clear=True):
        yield apart


@pytest.fixture(scope="module")
def schema(apart: Mesh) -> Iterator[Engine]:
    migrate.upgrade("order")
    engine = migrate.engine_of("order")
    yield engine
    run(engine, f"DROP DATABASE {engine.url.database}")


@pytest.fixture
def order(schema: Engine) -> Engine:
    """The newest schema of an order room that has sold a seat and given some money back, and nothing else."""
    migrate.upgrade("order")
    emptied(schema, Base.metadata)
    run(schema, SOLD)
    return schema


def run(engine: Engine, script: str) -> list[Any]:
    """What the last statement of a script selects."""
    rows: list[Any] = []
    with engine.begin() as tx:
        for statement in script.split(";\n"):
            result = tx.execute(text(statement))
            rows = list(result) if result.returns_rows else []
    return rows


def operate(mesh: Mesh, *arguments: str) -> Result:
    result = CliRunner().invoke(migrate_command, list(arguments), obj=OperatedMesh(mesh.settings))
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result


def revision(engine: Engine) -> str | None:
    return migrate.revision_in(engine)


def test_a_sold_order_survives_the_way_back_and_up_again(apart: Mesh, order: Engine) -> None:
    newest, sold = revision(order), run(order, KEPT)
    assert len(sold) == 1

    refused = operate(apart, "order", "--to", "0004")
    assert refused.exit_code == 1
    assert "would lose:" in refused.output
    assert "0011: orders.time_zone, of the rows that have one (1)" in refused.output
    assert "--yes" in refused.output
    assert revision(order) == newest

    assert operate(apart, "order", "--to", "0004", "--yes").output.split() == ["order", newest, "->", "0004"]
    assert run(order, KEPT) == sold
    assert operate(apart, "order", "--to", "0003", "--yes").exit_code == 0
    assert str(run(order, "SELECT refund_until FROM orders")[0][0]) == "2026-05-01 17:10:00"
    assert operate(apart, "order").output.split() == ["order", "0003", "->", newest]
    assert run(order, KEPT) == sold
    assert operate(apart, "order").output == "Nothing is to be changed.\n"


MONEY = """
INSERT INTO account VALUES ('o1', 'captured', 2500, 'EUR', 'p1', 700, '2026-04-01');
INSERT INTO payment (payment_id, order_id, attempt, provider, method, amount, currency, status, user_id, created_at,
    tried_at) VALUES ('p1', 'o1', 1, 'stripe', 'card', 2500, 'EUR', 'captured', 'ada', '2026-04-01', '2026-04-01');
INSERT INTO refund (refund_id, order_id, payment_id, amount, currency, status, attempt, covered, created_at, tried_at)
VALUES ('r1', 'o1', 'p1', 700, 'EUR', 'done', 1, 0, '2026-04-02', '2026-04-02')
"""
SNACKS = """
INSERT INTO snack VALUES ('kanal', 'popcorn', 'Popcorn', NULL, 'popcorn', 450, 'EUR', 1, 9, 10);
INSERT INTO ticket (order_id, cinema_id, status, version, confirmed, until, needed_at)
VALUES ('o1', 'kanal', 'new', 2, 1, '2026-05-01 18:00', '2026-05-01 17:50');
INSERT INTO ticket_line VALUES ('o1', 'popcorn', 1, 1, 1, 'Popcorn', NULL, 450)
"""


@pytest.mark.full_size("integration/operations/test_migrating.py")
@pytest.mark.parametrize(("room", "to", "sold", "kept"), [
    ("payment", "0007", MONEY, "SELECT a.order_id, a.status, a.amount, a.refunded, p.payment_id, p.provider, p.amount, "
     "p.status, r.refund_id, r.amount, r.status FROM account a JOIN payment p USING (order_id) JOIN refund r USING "
     "(order_id, payment_id)"),
    ("kitchen", "0002", SNACKS, "SELECT order_id, status, needed_at, sku, quantity, taken, l.price, left_over "
     "FROM ticket JOIN ticket_line l USING (order_id) JOIN snack USING (cinema_id, sku)"),
])
def test_money_and_snacks_of_sold_orders_survive_the_way_back_and_up_again(apart: Mesh, room: str, to: str, sold: str,
                                                                           kept: str) -> None:
    migrate.upgrade(room)
    engine = migrate.engine_of(room)
    run(engine, sold)
    before = run(engine, kept)
    assert len(before) == 1
    assert operate(apart, room, "--to", to, "--yes").exit_code == 0
    assert run(engine, kept) == before
    assert operate(apart, room).exit_code == 0
    assert run(engine, kept) == before
    run(engine, f"DROP DATABASE {engine.url.database}")


@pytest.mark.parametrize(("harm", "to", "reason"), [
    ("UPDATE refund SET to_wallet = 1, status = 'requested'", "0011", "0012: refunds are on their way into a wallet"),
    ("UPDATE orders SET total = 3000000000", "0009", "0010: amounts are too large"),
    ("UPDATE orders SET snacks = '[{}]'", "0006", "0007: orders have snacks (1)"),
    ("INSERT INTO cancelled_screening VALUES ('film-1', 'eve', NOW())", "0004", "0005: cancelled screenings"),
    ("UPDATE orders SET refund_tiers = JSON_REPLACE(refund_tiers, '$[0].fee', 9)", "0003", "0004: orders were prom"),
    ("UPDATE refund SET kept = 5", "0003", "0004: refunds have kept a fee"),
    ("SELECT 1", "0001", "0002: tickets have signed codes"),
    ("SELECT 1", "base", "0001: orders would be lost (1)"),
])
def test_a_way_back_that_would_harm_sold_orders_is_refused(apart: Mesh, order: Engine, harm: str, to: str,
                                                           reason: str) -> None:
    run(order, harm)
    refused = operate(apart, "order", "--to", to, "--yes")
    assert refused.exit_code == 1
    assert "can't go back" in refused.output
    assert reason in refused.output
    assert revision(order) == migrate.history("order")[-1].revision


def test_a_migration_that_mariadb_refuses_is_named(apart: Mesh, order: Engine) -> None:
    run(order, "UPDATE refund SET refund_id = REPEAT('r', 40)")
    refused = operate(apart, "order", "--to", "0006", "--yes")
    assert refused.output.startswith("The order room has stopped at revision 0007: Data too long")
    assert revision(order) == "0007"


def test_a_room_that_runs_is_not_taken_back(apart: Mesh, order: Engine) -> None:
    with Connection(apart.settings["AMQP_URI"]) as connection:
        queue = connection.SimpleQueue("rpc-order", queue_opts={"durable": False, "auto_delete": True})
        queue.consumer.consume()
        refused = operate(apart, "order", "--down", "1", "--yes")
        queue.close()
    assert refused.exit_code == 1
    assert refused.output.startswith("These rooms run: order. Stop them before the order room goes back: ./stop.sh")
    assert revision(order) == migrate.history("order")[-1].revision
    assert operate(apart, "order", "--down", "1", "--yes").exit_code == 0


def test_a_schema_that_another_operator_has_changed_meanwhile_goes_back_no_further_than_was_told(
    apart: Mesh, order: Engine, monkeypatch: pytest.MonkeyPatch,
) -> None:
    newest = revision(order)
    assert operate(apart, "order", "--down", "1", "--yes").exit_code == 0
    with monkeypatch.context() as patch:   # in front of the lock, behind the look at the schema
        patch.setattr(migrate_module, "forbid_running", lambda *_: migrate.upgrade("order"))
        refused = operate(apart, "order", "--down", "1", "--yes")
    assert refused.output.startswith(f"The order room's schema was changed meanwhile, to revision {newest}")
    assert (refused.exit_code, revision(order)) == (1, newest)


def test_a_schema_of_a_newer_version_is_left_alone(apart: Mesh, order: Engine) -> None:
    run(order, "UPDATE alembic_version SET version_num = '9999'")
    for arguments in (["order"], [], ["order", "--down", "1"]):
        refused = operate(apart, *arguments)
        assert refused.exit_code == 1
        assert "is at revision 9999, which a newer version made" in refused.output
        assert refused.output.count("\n") == 1
    run(order, f"UPDATE alembic_version SET version_num = '{migrate.history('order')[-1].revision}'")


@pytest.mark.parametrize(("arguments", "sentence"), [
    (["orders"], "There is no room orders with tables, only film, "),
    (["account"], "There is no room account with tables"),
    (["order", "--to", "0099"], "The order room has no revision 0099, only base, 0001 to "),
    (["order", "--down", "1", "--to", "0001"], "Give either --to or --down."),
    (["--down", "1"], "--to and --down need a ROOM."),
    (["--to", "base"], "--to and --down need a ROOM."),
    (["order", "--down", "99"], "so it can't go back by 99."),
])
def test_a_mistake_is_told_in_one_sentence(apart: Mesh, arguments: list[str], sentence: str) -> None:
    refused = operate(apart, *arguments)
    assert refused.exit_code == 1
    assert sentence in refused.output
    assert refused.output.count("\n") == 1
