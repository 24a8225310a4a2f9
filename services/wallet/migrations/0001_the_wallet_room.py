"""The wallet room: members' money by double entry."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BLOCKS_DOWNGRADE = {
    "money in wallets would be lost": "transfer",
}

MOMENT = mysql.DATETIME(fsp=3)


def id_column(name: str, most: int = 64, *, key: bool = False, optional: bool = False) -> sa.Column[str]:
    """A column for an id, compared byte by byte."""
    return sa.Column(name, sa.String(most, collation="utf8mb4_bin"), primary_key=key, nullable=optional)


def upgrade() -> None:
    op.create_table(
        "account",
        id_column("account_id", 80, key=True), id_column("user_id"), id_column("currency", 3),
        sa.Column("posted", sa.BigInteger, nullable=False), sa.Column("reserved", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("user_id", "currency", name="one_account_a_currency"),
        sa.CheckConstraint("posted - reserved >= 0", name="nothing_spent_that_is_not_there"),
        sa.CheckConstraint("reserved >= 0", name="nothing_released_twice"))
    op.create_table(
        "transfer",
        id_column("transfer_id", 32, key=True), id_column("kind", 16), id_column("source_type", 16),
        id_column("source_id"), id_column("user_id"), sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False), id_column("order_id", optional=True),
        id_column("payment_id", optional=True), sa.Column("reason", sa.String(500)),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.UniqueConstraint("source_type", "source_id", "kind", name="once_a_source"))
    op.create_index("transfers_of_a_member", "transfer", ["user_id", "transfer_id"])
    op.create_index("transfers_by_time", "transfer", ["source_type", "occurred_at"])
    op.create_table(
        "entry",
        id_column("transfer_id", 32, key=True), id_column("account_id", 80, key=True),
        sa.Column("amount", sa.BigInteger, nullable=False))
    op.create_index("entries_of_an_account", "entry", ["account_id"])
    op.create_table(
        "reservation",
        id_column("source_type", 16, key=True), id_column("source_id", key=True), id_column("user_id"),
        sa.Column("amount", sa.BigInteger, nullable=False), sa.Column("currency", sa.String(3), nullable=False),
        id_column("order_id", optional=True), sa.Column("status", sa.String(16), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False))
    op.create_index("reservations_by_time", "reservation", ["source_type", "created_at"])
    op.create_index("reservations_by_status", "reservation", ["status"])
    _create_tables_of_every_room()


def _create_tables_of_every_room() -> None:
    op.create_table(
        "idempotency_key",
        id_column("principal", key=True), id_column("method", key=True),
        sa.Column("idempotency_key", sa.String(255, collation="ascii_bin"), primary_key=True),
        id_column("request_digest"), sa.Column("reply", mysql.MEDIUMBLOB, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=False))
    op.create_index("ix_idempotency_key_answered_at", "idempotency_key", ["answered_at"])
    op.create_table(
        "inbox",
        id_column("consumer", 128, key=True), id_column("event_id", key=True),
        sa.Column("taken_at", MOMENT, nullable=False))
    op.create_index("ix_inbox_taken_at", "inbox", ["taken_at"])
    op.create_table(
        "outbox",
        id_column("event_id", 32, key=True), sa.Column("type", sa.String(64), nullable=False),
        sa.Column("version", sa.SmallInteger, nullable=False), id_column("about"),
        sa.Column("sequence", sa.Integer, nullable=False), sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("trace", mysql.MEDIUMBLOB, nullable=False), sa.Column("body", mysql.MEDIUMBLOB, nullable=False),
        sa.Column("published_at", MOMENT),
        sa.UniqueConstraint("about", "sequence", name="one_event_a_change"))
    op.create_index("outbox_by_publication", "outbox", ["published_at", "event_id"])


def downgrade() -> None:
    for table in ("outbox", "inbox", "idempotency_key", "reservation", "entry", "transfer", "account"):
        op.drop_table(table)
